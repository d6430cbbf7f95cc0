// The newest version that is not an ES module has no types of its own.
declare module 'wrap-ansi' {
  export default function wrapAnsi(text: string, columns: number, options?: { readonly hard?: boolean }): string;
}
