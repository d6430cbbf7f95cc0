import { evaluate, isMet, type Scope } from '../../src/cli/template/evaluate';
import { isOpen, openIn, shown } from '../../src/cli/template/open';

const scope: Scope = {
  template: {
    Mappings: { Regions: { 'eu-west-1': { name: 'dublin' } } },
    Conditions: {
      Yes: { 'Fn::Equals': [{ Ref: 'Environment' }, 'prod'] },
      No: { 'Fn::Not': [{ Condition: 'Yes' }] },
      Open: { 'Fn::Equals': [{ Ref: 'Later' }, 'x'] },
      NoAndOpen: { 'Fn::And': [{ Condition: 'No' }, { Condition: 'Open' }] },
      YesAndOpen: { 'Fn::And': [{ Condition: 'Yes' }, { Condition: 'Open' }] },
      YesOrOpen: { 'Fn::Or': [{ Condition: 'Yes' }, { Condition: 'Open' }] },
      NoOrOpen: { 'Fn::Or': [{ Condition: 'No' }, { Condition: 'Open' }] },
      NotOpen: { 'Fn::Not': [{ Condition: 'Open' }] },
    },
  },
  parameters: { Environment: 'prod', List: ['a', 'b'], 'AWS::Region': 'eu-west-1' },
  physicalId: (logicalId) => (logicalId === 'Bucket' ? 'my-bucket' : undefined),
  attribute: (logicalId, attribute) => (logicalId === 'Key' && attribute === 'Arn' ? 'arn:key' : undefined),
  exports: new Map([['name', 'exported']]),
};

const made = (expression: unknown) => evaluate(expression, scope);
const sub = (text: string, variables?: object) => ({ 'Fn::Sub': variables ? [text, variables] : text });
// biome-ignore-start lint/suspicious/noTemplateCurlyInString: this is how CloudFormation spells it
test.each<[unknown, unknown]>([
  ['text', 'text'],
  [true, true],
  [{ Ref: 'Environment' }, 'prod'],
  [{ Ref: 'Bucket' }, 'my-bucket'],
  [{ 'Fn::GetAtt': ['Key', 'Arn'] }, 'arn:key'],
  [{ 'Fn::GetAtt': 'Key.Arn' }, 'arn:key'],
  [{ 'Fn::ImportValue': 'name' }, 'exported'],
  [sub('a/${Environment}/${Key.Arn}/${AWS::Region}/${!literal}'), 'a/prod/arn:key/eu-west-1/${literal}'],
  [sub('${one}-${Bucket}', { one: { Ref: 'Environment' } }), 'prod-my-bucket'],
  [{ 'Fn::Join': ['-', ['a', { Ref: 'Environment' }]] }, 'a-prod'],
  [{ 'Fn::Join': ['-', { Ref: 'List' }] }, 'a-b'],
  [{ 'Fn::Join': ['_', { 'Fn::Split': ['-', 'a-b-c'] }] }, 'a_b_c'],
  [{ 'Fn::Select': ['1', { 'Fn::Split': ['-', 'a-b-c'] }] }, 'b'],
  [{ 'Fn::If': ['Yes', 1, 2] }, 1],
  [{ 'Fn::If': ['No', 1, 2] }, 2],
  [{ kept: 1, gone: { 'Fn::If': ['No', 1, { Ref: 'AWS::NoValue' }] } }, { kept: 1 }],
  [[1, { Ref: 'AWS::NoValue' }], [1]],
  [{ 'Fn::FindInMap': ['Regions', { Ref: 'AWS::Region' }, 'name'] }, 'dublin'],
  [{ 'Fn::FindInMap': ['Regions', 'nowhere', 'name', { DefaultValue: 'else' }] }, 'else'],
  [{ 'Fn::Base64': 'text' }, 'dGV4dA=='],
])('%j is %j', (expression, result) => {
  expect(made(expression)).toEqual(result);
});

test.each<[unknown, string, string[]]>([
  [{ Ref: 'Later' }, '<Later>', ['Later']],
  [{ 'Fn::GetAtt': ['Queue', 'Name'] }, '<Queue.Name>', ['Queue.Name']],
  [sub('a/${Later}/${Environment}'), 'a/<Later>/prod', ['Later']],
  [{ 'Fn::ImportValue': sub('x-${Later}') }, '<export x-<Later>>', ['export x-<Later>']],
  [{ 'Fn::Join': ['/', ['a', { Ref: 'Later' }, { Ref: 'Other' }]] }, 'a/<Later>/<Other>', ['Later', 'Other']],
  [{ 'Fn::Select': [0, { 'Fn::Split': [',', { Ref: 'Later' }] }] }, '<Later>', ['Later']],
  [{ 'Fn::Select': [7, { Ref: 'List' }] }, '<Fn::Select>', ['Fn::Select']],
  [{ 'Fn::If': ['Open', 1, 2] }, '<condition Open>', ['condition Open']],
  [{ 'Fn::FindInMap': ['Regions', { Ref: 'Later' }, 'name'] }, '<Later>', ['Later']],
  ['{{resolve:ssm:/a}}!', '<{{resolve:ssm:/a}}>!', ['{{resolve:ssm:/a}}']],
  [
    { 'Fn::Join': ['', ['{{resolve:ssm:/', { Ref: 'Later' }, '}}']] },
    '<{{resolve:ssm:/<Later>}}>',
    ['{{resolve:ssm:/<Later>}}'],
  ],
  [{ 'Fn::GetAZs': '' }, '<Fn::GetAZs>', ['Fn::GetAZs']],
])('%j is open, shown as %s', (expression, text, what) => {
  const value = made(expression);
  expect([isOpen(value), shown(String(value)), openIn(value)]).toEqual([true, text, what]);
  // The same as part of something larger.
  expect(openIn({ Properties: [value] })).toEqual(what);
});
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above

test('what is open is equal where it is made of the same', () => {
  const json = (password: string) => made({ 'Fn::ToJsonString': { password, host: { Ref: 'Later' } } });
  expect(json('one')).toBe(json('one'));
  expect(json('one')).not.toBe(json('two'));
  const either = (then: string) => made({ 'Fn::If': ['Open', then, 'else'] });
  expect(either('one')).not.toBe(either('two'));
});

test('what an open value is made of stays out of what is shown', () => {
  const secret = made({ 'Fn::ToJsonString': { password: 'hunter2', host: { Ref: 'Later' } } });
  expect(shown(String(secret))).toBe('<Later>');
  expect(JSON.stringify(secret)).not.toContain('hunter2');
});

test.each([
  ['Yes', true],
  ['No', false],
  ['Open', undefined],
  ['NoAndOpen', false],
  ['YesAndOpen', undefined],
  ['YesOrOpen', true],
  ['NoOrOpen', undefined],
  ['NotOpen', undefined],
  ['Undeclared', undefined],
])('condition %s is %s', (condition, met) => {
  expect(isMet(condition, scope)).toBe(met);
});
