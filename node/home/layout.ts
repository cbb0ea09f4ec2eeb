// Where everything lies in a node's home directory, which its owner alone can enter (mode 0700).
//
//   icse.yaml  federation.json  keys/seed  tls/  logs/  views/  private/  holdings/  journal/  run/
//   at the hub also   hub/   and, until the operator moves it away,   root/

import { stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface HomePaths {
  readonly home: string;
  readonly config: string;
  readonly federation: string;
  readonly seed: string;
  readonly tls: TlsPaths;
  /** The log store. */
  readonly logs: string;
  readonly views: string;
  readonly private: string;
  readonly holdings: string;
  readonly journal: string;
  /** Made 0700 before the local socket in it is bound. */
  readonly run: string;
  readonly socket: string;
  /** What a join has begun; gone when it is done. */
  readonly joining: string;
  readonly hub: HubPaths;
  readonly root: RootPaths;
}

export interface TlsPaths {
  readonly root: string;
  /** The node's certificate, then the issuing authority's. */
  readonly node: string;
  readonly key: string;
  /** At the hub: revocation lists of the issuing authority and of the root. */
  readonly crl: string;
  readonly rootCrl: string;
}

export interface HubPaths {
  readonly directory: string;
  readonly issuing: string;
  readonly issuingKey: string;
  readonly invitations: string;
  readonly certificates: string;
  /** The hub's next seed, while `hub rotate` is at work. */
  readonly nextSeed: string;
}

/** What only the root may use; the operator moves the folder away. */
export interface RootPaths {
  readonly directory: string;
  readonly certificate: string;
  readonly key: string;
  /** Seed of the Ed25519 root key. */
  readonly seed: string;
}

/** All paths of a home. */
export function homePaths(home: string): HomePaths {
  const at = (...parts: string[]) => join(home, ...parts);
  return {
    home,
    config: at('icse.yaml'),
    federation: at('federation.json'),
    seed: at('keys', 'seed'),
    tls: {
      root: at('tls', 'root.pem'),
      node: at('tls', 'node.pem'),
      key: at('tls', 'node.key'),
      crl: at('tls', 'crl.pem'),
      rootCrl: at('tls', 'root.crl.pem'),
    },
    logs: at('logs'),
    views: at('views'),
    private: at('private'),
    holdings: at('holdings'),
    journal: at('journal'),
    run: at('run'),
    socket: at('run', 'icse.sock'),
    joining: at('joining.json'),
    hub: {
      directory: at('hub'),
      issuing: at('hub', 'issuing.pem'),
      issuingKey: at('hub', 'issuing.key'),
      invitations: at('hub', 'invitations.json'),
      certificates: at('hub', 'certificates.json'),
      nextSeed: at('keys', 'seed.next'),
    },
    root: rootPaths(at('root')),
  };
}

/** The root's files, wherever the operator keeps the folder. */
export function rootPaths(directory: string): RootPaths {
  return {
    directory,
    certificate: join(directory, 'root.pem'),
    key: join(directory, 'root.key'),
    seed: join(directory, 'root.seed'),
  };
}

/** True while the root's keys lie in the home, where they should not stay. */
export async function isRootAtHome(paths: HomePaths): Promise<boolean> {
  const found = await Promise.allSettled([stat(paths.root.key), stat(paths.root.seed)]);
  return found.some(({ status }) => status === 'fulfilled');
}
