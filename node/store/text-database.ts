// A small database of text under text keys, as LevelDB's sublevels are: for what is not worth a log.

export interface TextDatabase {
  get(key: string): Promise<string | undefined>;
  /** With `sync` it survives a power cut once it resolves. */
  put(key: string, value: string, options?: { readonly sync: true }): Promise<void>;
  del(key: string): Promise<void>;
  /** All pairs in the order of their keys. */
  iterator(): AsyncIterable<[key: string, value: string]>;
}
