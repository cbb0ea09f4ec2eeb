// icse member list: the hub operator's view of the members, as a table or as JSON.

import { type HomeOptions, withNode } from './options.js';
import { stateText, tableText } from './table.js';
import type { Terminal } from './terminal.js';

/** Prints the list. */
export async function listMembers(terminal: Terminal, options: HomeOptions): Promise<void> {
  const members = await withNode(terminal, options, (node) => node.members());
  if (options.json) return terminal.printJson(members);
  const rows = members.map(
    ({ member, name, state, address, connected, lastSeen, lag, certificate, invitation }) => [
      member,
      name,
      state,
      address,
      connected ? 'now' : lastSeen,
      lag,
      certificate?.notAfter,
      invitation === null ? undefined : `${invitation.state} until ${invitation.expires}`,
    ],
  );
  await terminal.print(
    tableText(
      terminal,
      [
        { title: 'member' },
        { title: 'name' },
        { title: 'state', paint: (text) => stateText(terminal, text) },
        { title: 'address' },
        { title: 'last seen' },
        { title: 'lag', isNumber: true },
        { title: 'certificate until' },
        { title: 'invitation' },
      ],
      rows,
    ),
  );
}
