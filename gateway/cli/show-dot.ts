// What is known of a thing as a graph for Graphviz (the DOT language):
//
//   digraph icse {
//     "victim:NL/0b8e…" [shape=box, style=bold];
//     "9f86…0a08" [shape=ellipse];
//     "9f86…0a08" -> "victim:NL/0b8e…" [label="depicts\nprobable\nNL:5"];
//   }

import type { ShowAnswer, ShownEdge, ShownThing } from '../../node/api.js';

const SHAPES: ReadonlyMap<string, string> = new Map([
  ['media', 'ellipse'],
  ['place', 'house'],
  ['series', 'folder'],
]);

/** The text of the graph, with its end. Edges that do not count are dashed. */
export function showDot({ thing, nodes, edges }: ShowAnswer): string {
  const lines = [
    ...nodes.map((node) => `  ${quoted(node.thing)} [${nodeStyle(node, node.thing === thing)}];`),
    ...edges.map((edge) => `  ${quoted(edge.from)} -> ${quoted(edge.to)} [${edgeStyle(edge)}];`),
  ];
  return `digraph icse {\n${lines.map((line) => `${line}\n`).join('')}}\n`;
}

function nodeStyle({ kind }: ShownThing, isAsked: boolean): string {
  return `shape=${SHAPES.get(kind) ?? 'box'}${isAsked ? ', style=bold' : ''}`;
}

function edgeStyle({ relation, confidence, entry, counts }: ShownEdge): string {
  const label = [relation, ...(confidence === null ? [] : [confidence]), entry].join('\\n');
  return `label="${label}"${counts ? '' : ', style=dashed'}`;
}

/** Things are written with letters, digits and a few signs, none of which ends a quoted text. */
function quoted(thing: string): string {
  return `"${thing.replaceAll(/["\\]/g, '')}"`;
}
