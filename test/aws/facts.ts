/** What AWS was seen to do, next to what this library takes for granted; neither is a test. */
export class Facts {
  private readonly rows: string[][] = [];

  record(question: string, assumed: string, seen: string): void {
    this.rows.push([question, assumed, seen]);
  }

  /** All of them as one Markdown table. */
  static table(all: readonly Facts[]): string {
    const cell = (text: string) => text.replace(/\s+/g, ' ').replace(/\|/g, '\\|').trim();
    const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
    return [line(['question', 'assumed', 'seen']), '|---|---|---|', ...all.flatMap(({ rows }) => rows.map(line))].join(
      '\n',
    );
  }
}

/** How a call ended, in a few words. */
export async function outcomeOf(call: () => Promise<unknown>): Promise<string> {
  try {
    await call();
    return 'success';
  } catch (error) {
    const { name, message } = error as Error;
    return `${name}: ${message}`;
  }
}
