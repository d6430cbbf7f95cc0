import * as fs from 'node:fs';
import * as path from 'node:path';
import * as ts from 'typescript';

export const SOURCES = path.join(__dirname, '..', '..', 'src', 'handler');

/**
 * A mechanism that exists because something can go wrong, as a comment declares it where it stands: `@defence NAME`
 * takes the statement out that follows, `@defence NAME: CODE` puts a statement in its place.
 */
export interface Defence {
  readonly name: string;
  readonly file: string;
  /** What is replaced: from here, to there. */
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

const MARK = /^\/\/ @defence ([a-z][a-z-]*)(?:: (.+))?$/;

/** Every defence of the function, in the order of the files. */
export function defencesOfFunction(): Defence[] {
  return fs
    .readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .flatMap((name) => {
      const file = path.join(SOURCES, name);
      return defencesOf(file, fs.readFileSync(file, 'utf8'));
    });
}

/** Throws where a comment declares a defence, and no statement follows that could be taken out. */
export function defencesOf(file: string, text: string): Defence[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: Defence[] = [];
  const visit = (node: ts.Node): void => {
    const comments = (ts.isStatement(node) && ts.getLeadingCommentRanges(text, node.pos)) || [];
    for (const { pos, end } of comments) {
      const [, name, code = ''] = MARK.exec(text.slice(pos, end)) ?? [];
      if (!name) continue;
      found.push({ name, file, start: node.getStart(source), end: node.getEnd(), replacement: `${code};` });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  const declared = text.match(/@defence\b/g)?.length ?? 0;
  if (declared !== found.length) {
    throw new Error(`${file} declares ${declared} defences, and only ${found.length} can be taken out`);
  }
  return found;
}

/** The source without the defences, of which none may be part of another one. */
export function without(text: string, defences: readonly Defence[]): string {
  return [...defences]
    .sort((a, b) => b.start - a.start)
    .reduce((left, { start, end, replacement }) => left.slice(0, start) + replacement + left.slice(end), text);
}
