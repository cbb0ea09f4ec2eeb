// A small database of text under text keys, as LevelDB's sublevels are: for what is not worth a log.

export interface TextDatabase {
  get(key: string): Promise<string | undefined>;
  put(key: string, value: string): Promise<void>;
  /** All pairs in the order of their keys. */
  iterator(): AsyncIterable<[key: string, value: string]>;
}
