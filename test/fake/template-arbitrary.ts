import * as fc from 'fast-check';
import type { SecretDeclaration, Template } from './app';
import { KEY } from './life';

// The first choice of every list is what a life is simplified to.

/** How often what is not usual is drawn. */
type Draw = <T>(usual: T, ...others: T[]) => fc.Arbitrary<T>;

export const mostly: Draw = (usual, ...others) =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(usual) }, { weight: 2, arbitrary: fc.constantFrom(...others) });

const evenly: Draw = (...all) => fc.constantFrom(...all);

/** Few, so that stacks collide. */
export const NAMES = ['a', 'b', 'c'] as const;
export const REPLICA_REGIONS = ['eu-central-1', 'us-east-1'] as const;

const declaration = (logicalId: string, draw: Draw): fc.Arbitrary<SecretDeclaration> =>
  fc.record({
    logicalId: fc.constant(logicalId),
    name: fc.constantFrom(...NAMES),
    owner: draw<string | undefined>(undefined, 'shared', 'Two'),
    value: fc.constantFrom('generated 1', 'generated 2', 'declared 1', 'declared 2', 'none'),
    description: mostly('', 'one', 'two'),
    key: mostly<string | undefined>(undefined, KEY),
    replicas: fc.oneof(
      { weight: 6, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.subarray([...REPLICA_REGIONS], { minLength: 1 }) },
    ),
    team: mostly<string | undefined>(undefined, 'red', 'blue'),
    window: mostly(30, 7, 14),
    force: mostly(false, true),
    retain: mostly(false, true),
    restorePolicy: draw('IF_OWNED', 'ALWAYS', 'NEVER'),
    existingPolicy: draw('ADOPT_IF_OWNED', 'ADOPT', 'FAIL'),
    restoredValue: draw('KEEP', 'REGENERATE'),
    updatedValue: draw('REGENERATE', 'KEEP'),
    purgeProtection: draw(false, true),
    policy: mostly(false, true),
  });

/** Without the mistakes that synthesis can see: two resources for one name, protection from what the template asks for. */
function withoutMistakes(secrets: Template): Template {
  return secrets
    .filter(({ name }, index) => secrets.findIndex((other) => other.name === name) === index)
    .map((secret) => ({ ...secret, purgeProtection: secret.purgeProtection && !secret.force }));
}

const template = (draw: Draw, maxLength: number): fc.Arbitrary<Template> =>
  fc
    .uniqueArray(
      fc.constantFrom('A', 'B', 'C').chain((logicalId) => declaration(logicalId, draw)),
      { maxLength, selector: ({ logicalId }) => logicalId },
    )
    .map(withoutMistakes);

/** Some settings of one secret, for a template that differs from another one as templates do in practice. */
const change = fc.record({
  index: fc.nat(2),
  from: declaration('A', mostly),
  settings: fc.subarray(
    [
      'logicalId',
      'name',
      'owner',
      'value',
      'description',
      'key',
      'replicas',
      'window',
      'force',
      'retain',
      'existingPolicy',
      'purgeProtection',
      'policy',
    ] as const,
    { minLength: 1, maxLength: 3 },
  ),
});

type Change = typeof change extends fc.Arbitrary<infer Value> ? Value : never;

/** What an app contains at different times. */
const templatesOf = (draw: Draw, secrets: number, others: number): fc.Arbitrary<readonly Template[]> =>
  fc
    .record({
      first: template(draw, secrets),
      others: fc.array(
        fc.oneof(
          { weight: 1, arbitrary: template(draw, secrets) },
          { weight: 2, arbitrary: fc.array(change, { minLength: 1, maxLength: 2 }) },
        ),
        { maxLength: others },
      ),
    })
    .map(({ first, others }) => [first, ...others.map((other) => (isTemplate(other) ? other : changed(first, other)))]);

export const templates = templatesOf(mostly, 3, 3);

/** Two secrets at most, whose policies differ more often than not. */
export const boldTemplates = templatesOf(evenly, 2, 2);

function isTemplate(either: Template | Change[]): either is Template {
  return either.every((item) => 'logicalId' in item);
}

function changed(base: Template, changes: readonly Change[]): Template {
  const secrets = base.map((secret, position) => {
    const settings = changes
      .filter(({ index }) => index % base.length === position)
      .flatMap(({ from, settings }) => settings.map((setting) => [setting, from[setting]]));
    return { ...secret, ...Object.fromEntries(settings) };
  });
  const distinct = secrets.filter(({ logicalId }, index) => {
    return secrets.findIndex((other) => other.logicalId === logicalId) === index;
  });
  return withoutMistakes(distinct);
}
