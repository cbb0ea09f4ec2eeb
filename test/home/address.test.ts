import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { addressText, BadAddress, isLoopback, isWildcard, parseAddress } from '../../node/home/address.js';
import { withFreePort } from '../../node/home/free-port.js';

describe('an address', () => {
  it.each([
    ['NL.icse.Example:7001', 'nl.icse.example:7001'],
    ['192.0.2.7:1', '192.0.2.7:1'],
    ['[2001:DB8:0::7]:65535', '[2001:db8::7]:65535'],
  ])('%s is written %s', (text, canonical) => {
    expect(addressText(parseAddress(text))).toBe(canonical);
    expect(addressText(parseAddress(canonical))).toBe(canonical);
  });

  it.each([
    '',
    ':1',
    'nl',
    'nl:',
    'nl:0',
    'nl:65536',
    'nl:01',
    '2001:db8::7:1',
    '[nl]:1',
    '[192.0.2.7]:1',
    'a b:1',
    `${'a'.repeat(300)}:1`,
  ])('is not %j', (text) => {
    expect(() => parseAddress(text)).toThrow(BadAddress);
  });

  it('may have port 0 only where a port is picked', () => {
    expect(parseAddress('127.0.0.1:0', 'any-port').port).toBe(0);
  });

  it('of this machine alone, or of all its interfaces, is told apart', () => {
    expect(['127.0.0.1', '127.8.0.1', '::1', 'localhost'].every(isLoopback)).toBe(true);
    expect(['192.0.2.7', '0.0.0.0', 'nl.example', '127.example'].some(isLoopback)).toBe(false);
    expect(isWildcard('0.0.0.0') && isWildcard('::')).toBe(true);
  });
});

describe('a free port', () => {
  it('can be bound, and so can the next one when it is asked for', async () => {
    const { host, port } = await withFreePort({ host: '127.0.0.1', port: 0 }, 1);
    for (const one of [port, port + 1]) {
      const server = createServer().listen(one, host);
      await once(server, 'listening');
      server.close();
    }
  });

  it('is not looked for when a port is named', async () => {
    expect(await withFreePort({ host: '127.0.0.1', port: 1 })).toEqual({ host: '127.0.0.1', port: 1 });
  });

  it('is not found at an address that this machine has not', async () => {
    await expect(withFreePort({ host: '192.0.2.1', port: 0 })).rejects.toMatchObject({
      code: 'cannot-listen',
    });
  });
});
