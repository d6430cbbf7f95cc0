import { daysUntil, type EndOfWindow } from '../scheduled-secret';

const HOUR_MS = 3_600_000;

/** A day, as all dates of AWS in UTC. */
export function dayText(date: Date): string {
  return date.toISOString().slice(0, 10);
}

/** How long until a date. */
export function leftText(date: Date, now: number): string {
  const hours = Math.floor((date.getTime() - now) / HOUR_MS);
  if (hours < 0) return 'over';
  if (hours < 24) return hours === 1 ? '1 hour' : `${hours} hours`;
  const days = daysUntil(date, now);
  return days === 1 ? '1 day' : `${days} days`;
}

/** Until when a scheduled secret can be restored. */
export function endText({ end }: { readonly end?: EndOfWindow }, now: number): string {
  if (!end) return 'until a date that AWS does not tell';
  const left = end.date.getTime() > now ? `${leftText(end.date, now)} left` : 'AWS deletes it at any moment';
  return `until ${dayText(end.date)} (${left}${end.calculated ? ', calculated from its window' : ''})`;
}
