import { minimalApp } from './apps';

// The hash of an asset changes with every change of the handler, which has its own tests.
expect.addSnapshotSerializer({
  test: (value) => typeof value === 'string' && ASSET_HASH.test(value),
  serialize: (value: string) => JSON.stringify(value.replace(ASSET_HASH, '<asset hash>')),
});
const ASSET_HASH = /[0-9a-f]{64}/;

// What somebody sees who adds the library to an app. Every other prop has tests of its own.
test('templates of a minimal app', () => {
  const { stacks } = minimalApp().synth();
  expect(Object.fromEntries(stacks.map(({ stackName, template }) => [stackName, template]))).toMatchSnapshot();
});
