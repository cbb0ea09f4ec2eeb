// Starts that fail say why, and leave nothing behind: the same home starts in the same process once it is mended.

import { once } from 'node:events';
import { rename, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Failure } from '../../node/failure.js';
import { aFederation, type Federation } from './federation.js';

describe('a node that cannot start', () => {
  let federation: Federation;
  beforeAll(async () => {
    federation = await aFederation({ countries: ['NL'] });
  });
  afterAll(() => federation.close());

  for (const folder of ['views', 'private/notices', 'private/state', 'holdings']) {
    it(`says that ${folder} cannot be opened, and starts once it can`, async () => {
      await federation.stop('NL');
      const path = join(federation.home('NL'), folder);
      await rename(path, `${path}.aside`);
      await writeFile(path, 'not a folder');
      const refused = await federation.start('NL').catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(Failure);
      expect((refused as Failure).message).toContain(path);
      await rm(path);
      await rename(`${path}.aside`, path);
      await federation.start('NL');
      await federation.sees('NL', ({ ready }) => ready);
    });
  }

  it('stops, although strangers hold connections to it open and say nothing', async () => {
    const { listen } = federation.lyon;
    const [host, port] = listen.split(':') as [string, string];
    const strangers = [Number(port), Number(port) + 1].map((at) => connect(at, host));
    await Promise.all(strangers.map((stranger) => once(stranger, 'connect')));
    await federation.stop('LYON');
    for (const stranger of strangers) stranger.destroy();
    await federation.start('LYON');
  });

  it('says that its port is taken, and starts once it is free', async () => {
    const { listen } = federation.lyon;
    await federation.stop('LYON');
    const [host, port] = listen.split(':') as [string, string];
    const other: Server = createServer((socket) => socket.destroy()).listen(Number(port), host);
    await once(other, 'listening');
    await expect(federation.start('LYON')).rejects.toMatchObject({ code: 'cannot-listen' });
    other.close();
    await once(other, 'close');
    await federation.start('LYON');
    await federation.sees('NL', ({ connections }) =>
      connections.some(({ member, state }) => member === 'LYON' && state === 'live'),
    );
  });
});
