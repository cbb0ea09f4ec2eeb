import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { createOperationsLog } from '../../gateway/cli/operations-log.js';

function aStream(isTTY: boolean) {
  let text = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  return { stream: Object.assign(stream, { isTTY }), text: () => text };
}

describe('the log for people who operate the node', () => {
  test('is JSON when nobody sits before it', () => {
    const { stream, text } = aStream(false);
    const log = createOperationsLog({ level: 'info', stream, env: {} });
    log.debug({}, 'not shown');
    log.info({ event: 'linked', member: 'AU' }, 'AU is connected');
    expect(JSON.parse(text())).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      event: 'linked',
      member: 'AU',
      msg: 'AU is connected',
    });
  });

  test('is a line for people on a terminal, without colours if they want none', () => {
    const { stream, text } = aStream(true);
    createOperationsLog({ level: 'info', stream, env: { NO_COLOR: '1' } }).warn(
      { member: 'AU' },
      'AU is slow',
    );
    expect(text()).toMatch(
      /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\] WARN: AU is slow\n {4}member: "AU"\n$/,
    );
  });

  test('leaves out whatever is named like a secret or a hash', () => {
    const { stream, text } = aStream(false);
    const log = createOperationsLog({ level: 'info', stream, env: {} });
    log.info(
      {
        token: 'secret-1',
        hash: 'secret-2',
        request: { hashes: ['secret-3'], seed: 'secret-4', member: 'NL' },
      },
      'said',
    );
    expect(text()).not.toMatch(/secret-/);
    expect(JSON.parse(text())).toMatchObject({ request: { member: 'NL' } });
  });
});
