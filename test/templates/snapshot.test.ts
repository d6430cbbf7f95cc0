import { minimalApp } from './apps';

// The hash of an asset changes with every change of the handler, the runtime with the CDK; both have tests of their own.
const CHANGES = /[0-9a-f]{64}|^nodejs\d+\.x$/;
expect.addSnapshotSerializer({
  test: (value) => typeof value === 'string' && CHANGES.test(value),
  serialize: (value: string) =>
    JSON.stringify(value.replace(CHANGES, (it) => (it.startsWith('nodejs') ? '<newest runtime>' : '<asset hash>'))),
});

// What somebody sees who adds the library to an app. Every other prop has tests of its own.
test('templates of a minimal app', () => {
  const { stacks } = minimalApp().synth();
  expect(Object.fromEntries(stacks.map(({ stackName, template }) => [stackName, template]))).toMatchSnapshot();
});
