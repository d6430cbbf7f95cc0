import { openIn, shown } from '../template/open';
import type { Properties } from './upcoming';

/** What the deployment alone knows of a secret, by property. */
export function openProperties(properties: Properties): string[] {
  return Object.entries(properties)
    .filter(([property]) => !OF_THE_FUNCTION.includes(property))
    .flatMap(([property, value]) => openIn(value).map((what) => `${property}: ${shown(what)}`));
}

/** The function asks every region of a replica, and an unknown one cannot be asked. */
export function withoutOpenReplicas(properties: Properties): Properties {
  const { ReplicaRegions: replicas } = properties;
  if (!Array.isArray(replicas)) return properties;
  return { ...properties, ReplicaRegions: replicas.filter((replica) => openIn(replica?.Region).length === 0) };
}

/** About how the secret is dealt with, and not about the secret. */
const OF_THE_FUNCTION = ['ServiceToken', 'ServiceTimeout'];
