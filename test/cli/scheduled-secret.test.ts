import type { DescribeSecretResponse } from '@aws-sdk/client-secrets-manager';
import { endText, leftText } from '../../src/cli/output/dates';
import { summaryOf } from '../../src/cli/scheduled-secret';

const NOW = Date.UTC(2026, 10, 26, 12);
const at = (days: number) => new Date(NOW + days * 86_400_000);

function summary(days: number | undefined, window?: string) {
  const described: DescribeSecretResponse = {
    Name: 'name',
    ARN: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:name-abcdef',
    DeletedDate: days === undefined ? undefined : at(days),
    Tags: window === undefined ? [] : [{ Key: 'recoverable-secret:recovery-window', Value: window }],
  };
  return summaryOf(described, NOW);
}

test('a live secret has no window that ends', () => {
  expect(summary(undefined, '7')).toMatchObject({ scheduled: false, end: undefined });
});

test('a date that is to come is the end of the window, whatever a tag says', () => {
  expect(summary(3, '30')).toMatchObject({ scheduled: true, end: { date: at(3), calculated: false } });
});

test('for a date that has passed, the window of the tag counts', () => {
  expect(summary(-2, '7')).toMatchObject({ scheduled: true, end: { date: at(5), calculated: true } });
});

test.each([undefined, 'none', '', 'seven'])('without a window nobody can tell: %s', (window) => {
  const secret = summary(-2, window);
  expect(secret).toMatchObject({ scheduled: true, end: undefined });
  expect(endText(secret, NOW)).toBe('until a date that AWS does not tell');
});

test('what is left is told in days, at last in hours', () => {
  expect([30, 1.2, 0.99, 0.05, 0.01, -0.1].map((days) => leftText(at(days), NOW))).toEqual([
    '30 days',
    '1 day',
    '23 hours',
    '1 hour',
    '0 hours',
    'over',
  ]);
  expect(endText(summary(-40, '30'), NOW)).toBe(
    'until 2026-11-16 (AWS deletes it at any moment, calculated from its window)',
  );
});

test('a copy in another region and the secret of a service are told apart', () => {
  const described = { ARN: 'arn:aws:secretsmanager:us-east-1:0:secret:x-abcdef', OwningService: 'rds' };
  expect(summaryOf({ ...described, PrimaryRegion: 'eu-west-1' }, NOW)).toMatchObject({ replicaOf: 'eu-west-1' });
  expect(summaryOf({ ...described, PrimaryRegion: 'us-east-1' }, NOW).replicaOf).toBeUndefined();
  expect(summaryOf(described, NOW).managedBy).toBe('rds');
});
