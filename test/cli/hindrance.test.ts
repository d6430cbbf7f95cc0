import { hindranceOf } from '../../src/cli/commands/plan';

test.each([
  ['CREATE_COMPLETE', false, undefined],
  ['UPDATE_ROLLBACK_COMPLETE', false, undefined],
  ['UPDATE_FAILED', false, undefined],
  ['UPDATE_IN_PROGRESS', false, 'this plan does not know how that ends'],
  ['DELETE_IN_PROGRESS', true, 'this plan does not know how that ends'],
  ['UPDATE_ROLLBACK_FAILED', false, 'it can be deployed when its rollback has been completed'],
  ['UPDATE_ROLLBACK_FAILED', true, undefined],
  ['DELETE_FAILED', false, 'it can only be deleted'],
  ['DELETE_FAILED', true, undefined],
])('a stack in %s, destroyed: %s', (status, destroy, hindrance) => {
  expect(hindranceOf(status, destroy)).toBe(hindrance);
});
