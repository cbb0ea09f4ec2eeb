// icse.yaml, which people edit by hand.

import { isDeepStrictEqual } from 'node:util';
import { configText, LOG_LEVELS, type NodeConfig, parseConfig } from '../../../node/home/config.js';
import { type MemberCode, parseMemberCode } from '../../../node/names.js';
import type { Chance } from '../../chaos/chance.js';
import { bytesOf, promise, type Target } from '../target.js';

const MAX_BYTES = 32 * 1024;
const CODES = ['LYON', 'NL', 'AU', 'EUROPOL'].map(parseMemberCode);
const WORDS = ['listen', 'listenEnrol', 'peers', 'dial', 'deny', 'journalDays', 'logLevel', ...LOG_LEVELS];

export const configTarget: Target = {
  name: 'config',
  open: () => ({
    form: 'text',
    maxBytes: MAX_BYTES,
    words: [
      ...WORDS,
      ...CODES,
      '127.0.0.1:7001',
      '[::1]:7002',
      '&a',
      '*a',
      '<<: ',
      '!!set',
      '%YAML 1.2\n---\n',
    ],
    sample: (chance) =>
      bytesOf(chance.happens(0.5) ? configText(aConfig(chance)) : shortText(aConfig(chance))),
    take(input) {
      const read = parseConfig('icse.yaml', Buffer.from(input).toString('utf8'));
      const again = parseConfig('icse.yaml', configText(read));
      promise(isDeepStrictEqual(read, again), 'the settings are others after they were written and read');
    },
  }),
};

function aConfig(chance: Chance): NodeConfig {
  const [dial, deny]: [MemberCode[], MemberCode[]] = [[], []];
  for (const code of CODES) if (chance.happens(0.5)) chance.pick([dial, deny]).push(code);
  return {
    ...(chance.happens(0.5) ? { listen: chance.pick(['127.0.0.1:7001', '[2001:db8::7]:7001']) } : {}),
    ...(chance.happens(0.3) ? { listenEnrol: 'icse.example:7002' } : {}),
    peers: { dial, deny },
    journalDays: chance.int(1, 4000),
    logLevel: chance.pick(LOG_LEVELS),
  };
}

/** Without the comments, so that damage hits what is read. */
function shortText({ peers, ...rest }: NodeConfig): string {
  const lines = Object.entries(rest).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  const list = (codes: readonly string[]) => codes.map((code) => `\n    - ${code}`).join('') || ' []';
  return `${[...lines, 'peers:', `  dial:${list(peers.dial)}`, `  deny:${list(peers.deny)}`].join('\n')}\n`;
}
