// A worked example and its check. The example `entry.media-1` has the blocks `entry.media-1.fields` and so on; its
// check throws when any of them is not what production code makes of the others.

import type { Page } from './example-blocks.js';

export type Check = (page: Page) => void | Promise<void>;

export type Examples = Readonly<Record<string, Check>>;
