import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EntryReader, NodeApi } from '../../node/api.js';
import { aFederation, aMediaRecord, type Federation } from './federation.js';

describe('the entries of the Netherlands and Australia, as a program at the Dutch node reads them', () => {
  let federation: Federation;
  let api: NodeApi;
  beforeAll(async () => {
    federation = await aFederation({ countries: ['NL', 'AU'] });
    api = federation.node('NL').api;
    for (const code of ['NL', 'AU', 'AU', 'AU']) await federation.node(code).api.publish(aMediaRecord(), 0);
    await federation.sees('NL', ({ logs }) => logs.some(({ member, size }) => member === 'AU' && size === 3));
  });
  afterAll(() => federation.close());

  async function placesFrom(reader: EntryReader, limit = 100): Promise<string[]> {
    const places: string[] = [];
    for (;;) {
      const read = await reader.read(limit);
      expect(read.length).toBeLessThanOrEqual(limit);
      if (read.length === 0) return places.filter((place) => !place.startsWith('registry'));
      places.push(...read.map(({ log, index }) => `${log}:${index}`));
    }
  }

  it('begin after the places that it names, and elsewhere at the beginning', async () => {
    expect((await placesFrom(api.entries(['AU:1']))).sort()).toEqual(['AU:2', 'NL:0']);
    expect((await placesFrom(api.entries([]))).sort()).toEqual(['AU:0', 'AU:1', 'AU:2', 'NL:0']);
  });

  it('come whole, and each log in its order, in however small pieces they are read', async () => {
    const places = await placesFrom(api.entries([]), 1);
    expect(places.filter((place) => place.startsWith('AU'))).toEqual(['AU:0', 'AU:1', 'AU:2']);
    expect(places).toHaveLength(4);
  });

  it('come from now on when no place is named', async () => {
    const reader = api.entries();
    expect(await placesFrom(reader)).toEqual([]);
    await api.publish(aMediaRecord(), 0);
    expect(await placesFrom(reader)).toEqual(['NL:1']);
  });

  it('are refused after what is no place, is named twice, or is in a log that nobody has', () => {
    expect(() => api.entries(['nonsense'])).toThrow('is not a place such as NL:5');
    expect(() => api.entries(['AU:1', 'AU:2'])).toThrow('two places in AU');
    expect(() => api.entries(['ZZ:0'])).toThrow('this node has no log ZZ');
  });
});
