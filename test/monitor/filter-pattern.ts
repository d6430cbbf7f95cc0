/**
 * Evaluates the JSON filter patterns of CloudWatch Logs, as far as this library and AWS's documented examples use them.
 *
 * Selectors with dots, array indexes and `[*]`, `=` and `!=` with numbers and strings, `*` around a string, `<`, `<=`, `>`,
 * `>=`, `IS NULL|TRUE|FALSE`, `NOT EXISTS`, `&&`, `||` and parentheses. No regular expressions. Throws for anything else.
 *
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntaxForMetricFilters.html
 */
export function matchesFilterPattern(pattern: string, event: unknown): boolean {
  const parser = new Parser(tokenize(pattern));
  const condition = parser.pattern();
  return condition(event);
}

type Condition = (event: unknown) => boolean;

const TOKEN =
  /\s*(?:(\{|\}|\(|\)|&&|\|\||!=|<=|>=|=|<|>)|("(?:[^"\\]|\\.)*")|(\$(?:\.[A-Za-z0-9_-]+|\[(?:\d+|\*)\])+)|([A-Za-z]+)(?![\w.])|([\w.*:+-]+))/y;

interface Token {
  readonly kind: 'symbol' | 'string' | 'selector' | 'word' | 'value';
  readonly text: string;
}

function tokenize(pattern: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  const text = pattern.trim();
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) throw new Error(`cannot read the filter pattern at: ${text.slice(at)}`);
    const kinds = ['symbol', 'string', 'selector', 'word', 'value'] as const;
    const index = match.slice(1).findIndex((group) => group !== undefined);
    tokens.push({ kind: kinds[index], text: match[index + 1] });
  }
  return tokens;
}

class Parser {
  private position = 0;

  constructor(private readonly tokens: Token[]) {}

  pattern(): Condition {
    this.expect('{');
    const condition = this.or();
    this.expect('}');
    if (this.position < this.tokens.length) throw new Error(`unexpected ${this.tokens[this.position].text}`);
    return condition;
  }

  private or(): Condition {
    const terms = [this.and()];
    while (this.accept('||')) terms.push(this.and());
    return (event) => terms.some((term) => term(event));
  }

  private and(): Condition {
    const terms = [this.term()];
    while (this.accept('&&')) terms.push(this.term());
    return (event) => terms.every((term) => term(event));
  }

  private term(): Condition {
    if (this.accept('(')) {
      const condition = this.or();
      this.expect(')');
      return condition;
    }
    const selector = this.next();
    if (selector.kind !== 'selector') throw new Error(`expected a selector, got ${selector.text}`);
    const operator = this.next();
    if (operator.kind === 'word') return this.wordTerm(selector.text, operator.text.toUpperCase());
    const value = this.next();
    return comparison(selector.text, operator.text, value);
  }

  private wordTerm(selector: string, operator: string): Condition {
    const operand = this.next().text.toUpperCase();
    if (operator === 'NOT' && operand === 'EXISTS') return (event) => select(event, selector).length === 0;
    const literals: Record<string, unknown> = { NULL: null, TRUE: true, FALSE: false };
    if (operator !== 'IS' || !(operand in literals)) throw new Error(`unknown operator ${operator} ${operand}`);
    return (event) => select(event, selector).some((value) => value === literals[operand]);
  }

  private next(): Token {
    const token = this.tokens[this.position++];
    if (!token) throw new Error('the filter pattern ends too early');
    return token;
  }

  private accept(symbol: string): boolean {
    const token = this.tokens[this.position];
    if (token?.kind !== 'symbol' || token.text !== symbol) return false;
    this.position++;
    return true;
  }

  private expect(symbol: string): void {
    if (!this.accept(symbol))
      throw new Error(`expected ${symbol}, got ${this.tokens[this.position]?.text ?? 'the end'}`);
  }
}

function comparison(selector: string, operator: string, { kind, text }: Token): Condition {
  if (kind === 'symbol' || kind === 'selector') throw new Error(`expected a value, got ${text}`);
  const expected = kind === 'string' ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text;
  const test = tester(operator, expected, kind === 'string');
  // A selector that leads to an object or array, or nowhere, matches nothing.
  return (event) => select(event, selector).some((value) => (isScalar(value) ? test(value) : false));
}

function tester(operator: string, expected: string, quoted: boolean): (value: string | number | boolean) => boolean {
  const numeric = !quoted && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(expected);
  switch (operator) {
    case '=':
      return numeric
        ? (value) => Number(value) === Number(expected)
        : (value) => wildcard(expected).test(String(value));
    case '!=':
      return numeric
        ? (value) => Number(value) !== Number(expected)
        : (value) => !wildcard(expected).test(String(value));
    case '<':
      return (value) => Number(value) < Number(expected);
    case '<=':
      return (value) => Number(value) <= Number(expected);
    case '>':
      return (value) => Number(value) > Number(expected);
    case '>=':
      return (value) => Number(value) >= Number(expected);
    default:
      throw new Error(`unknown operator ${operator}`);
  }
}

function wildcard(expected: string): RegExp {
  // Documented at the beginning and at the end; others have seen that it matches nothing in between.
  if (expected.slice(1, -1).includes('*')) throw new Error(`wildcard within a value: ${expected}`);
  const literal = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  return new RegExp(`^${expected.split('*').map(literal).join('[^]*')}$`);
}

function isScalar(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

/** What a selector leads to: nothing, one value, or with `[*]` several. */
function select(event: unknown, selector: string): unknown[] {
  const steps = selector.match(/\.[A-Za-z0-9_-]+|\[(?:\d+|\*)\]/g) ?? [];
  return steps.reduce<unknown[]>(
    (values, step) =>
      values.flatMap((value) => {
        if (value === null || typeof value !== 'object') return [];
        if (step === '[*]') return Array.isArray(value) ? value : [];
        const key = step.replace(/[.[\]]/g, '');
        return key in value ? [(value as Record<string, unknown>)[key]] : [];
      }),
    [event],
  );
}
