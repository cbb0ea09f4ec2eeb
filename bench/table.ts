// The figures as a table for people.

import Table from 'cli-table3';
import type { Machine } from './machine.js';
import type { Result, Unit } from './result.js';

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

/** Machine and figures, as lines. */
export function tableText(machine: Machine, results: readonly Result[]): string {
  const table = new Table({
    head: ['figure', 'median', 'runs', 'spread'],
    colAligns: ['left', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  });
  for (const { name, value, unit, runs, spread } of results) {
    table.push([name, shown(value, unit), runs, runs === 1 ? '' : `${Math.round(spread * 100)} %`]);
  }
  const { cpu, cores, memoryBytes, system, node, time } = machine;
  return `${cpu}, ${cores} cores, ${Math.round(memoryBytes / GIB)} GiB, ${system}, Node ${node}, ${time}\n${table}\n`;
}

function shown(value: number, unit: Unit): string {
  if (unit === 'bytes' && value >= MIB) return `${(value / MIB).toFixed(1)} MiB`;
  return `${value >= 1000 ? Math.round(value).toLocaleString('en') : value} ${unit}`;
}
