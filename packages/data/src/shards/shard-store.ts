/** Where the files of a shard set lie: a folder, an http(s) address, or anything else that reads ranges of bytes. */
export interface ShardStore {
  /** What messages call it: the folder's path or the address. */
  readonly name: string;
  /**
   * Exactly `bytes` bytes of a file, from `offset` on.
   *
   * @throws VideoError of kind 'not-found' where there is no such file, 'undecodable' where it ends before;
   *   ShardSourceError when the source does not answer any more
   */
  read(file: string, offset: number, bytes: number): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * A whole file as text.
   *
   * @throws as `read` does
   */
  readText(file: string): Promise<string>;
}

/** Path or address of a file in a store. */
export const placeOf = ({ name }: Pick<ShardStore, 'name'>, file: string): string =>
  `${name.replace(/[/\\]+$/, '')}/${file}`;
