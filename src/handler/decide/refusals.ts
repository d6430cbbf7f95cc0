import type { Ownership } from '../model/ownership';

export function refuse(reason: string): { readonly action: 'refuse'; readonly reason: string } {
  return { action: 'refuse', reason };
}

export function ownerText(ownership: Ownership): string {
  return ownership.owner === undefined ? 'no owner that this library knows' : `owner '${ownership.owner}'`;
}
