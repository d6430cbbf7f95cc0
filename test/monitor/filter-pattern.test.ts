import { matchesFilterPattern } from './filter-pattern';

// Events and patterns are those of AWS's documentation, "Using filter patterns to match terms in JSON log events".

describe('the documented property selectors', () => {
  const event = {
    eventType: 'UpdateTrail',
    sourceIPAddress: '111.111.111.111',
    arrayKey: ['value', 'another value'],
    objectList: [
      { name: 'a', id: 1 },
      { name: 'b', id: 2 },
    ],
    SomeObject: null,
    ThisFlag: true,
  };

  test.each([
    '{ $.eventType = "UpdateTrail" }',
    '{ $.sourceIPAddress != 123.123.* }',
    '{ $.arrayKey[0] = "value" }',
    '{ $.objectList[1].id = 2 }',
    '{ $.SomeObject IS NULL }',
    '{ $.SomeOtherObject NOT EXISTS }',
    '{ $.ThisFlag IS TRUE }',
    '{ $.sourceIPAddress = "111.111.*" }',
    '{ $.eventType = "*Trail" }',
    '{ $.eventType = "*dateT*" }',
    '{ $.objectList[*].name = "b" }',
    '{ $.objectList[1].id >= 2 }',
  ])('%s matches', (pattern) => {
    expect(matchesFilterPattern(pattern, event)).toBe(true);
  });

  test.each([
    '{ $.eventType = "updatetrail" }',
    '{ $.eventType = "Update" }',
    '{ $.eventType != "UpdateTrail" }',
    '{ $.sourceIPAddress != 111.111.* }',
    '{ $.arrayKey[1] = "value" }',
    '{ $.arrayKey[7] = "value" }',
    '{ $.objectList[0].id = 2 }',
    '{ $.objectList[1].id > 2 }',
    '{ $.SomeObject IS FALSE }',
    '{ $.SomeObject NOT EXISTS }',
    '{ $.eventType NOT EXISTS }',
    '{ $.SomeOtherObject = "*" }',
  ])('%s does not match', (pattern) => {
    expect(matchesFilterPattern(pattern, event)).toBe(false);
  });
});

describe('the documented compound expressions', () => {
  const event = {
    user: { id: 1, email: 'John.Stiles@example.com' },
    users: [
      { id: 2, email: 'John.Doe@example.com' },
      { id: 3, email: 'Jane.Doe@example.com' },
    ],
    actions: ['GET', 'PUT', 'DELETE'],
    coordinates: [
      [0, 1, 2],
      [4, 5, 6],
      [7, 8, 9],
    ],
  };

  test.each([
    ['{ ($.user.id = 1) && ($.users[0].email = "John.Doe@example.com") }', true],
    ['{ ($.user.id = 2 && $.users[0].email = "nonmatch") || $.actions[2] = "GET" }', false],
    ['{ $.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = nonmatch && $.actions[2] = nomatch }', true],
    [
      '{ ($.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = nonmatch) && $.actions[2] = nomatch }',
      false,
    ],
    ['{ ($.coordinates[0][1] = 1) && ($.actions[2] = "DELETE") }', true],
    ['{ $.users = 1 }', false],
    ['{ $.users != 1 }', false],
  ])('%s: %s', (pattern, expected) => {
    expect(matchesFilterPattern(pattern, event)).toBe(expected);
  });
});

test.each([
  '$.a = "b"',
  '{ $.a = "b" ',
  '{ $.a = "b" } x',
  '{ $.a "b" }',
  '{ $.a = }',
  '{ a = "b" }',
  '{ $.a = "b" & $.c = "d" }',
  '{ $.a IS SOMETHING }',
  '{ $.a = "b*c" }',
  '{ $.a = %b% }',
])('%s is refused', (pattern) => {
  expect(() => matchesFilterPattern(pattern, { a: 'b' })).toThrow();
});
