/** A run's hold on a folder. */
export interface FolderLock {
  /**
   * Makes sure that the folder is still this run's; a lock that vanished with its folder is taken again.
   * @throws FolderInUseError where another run took it over
   */
  check(): Promise<void>;
  /** Lets others in. Never throws. */
  release(): Promise<void>;
}

/**
 * Keeps a folder for this process, in Node: a file `run.lock` in it says which process of which machine has it, and since when. The lock
 * of a process that is no more is taken over: on this machine at once, of another after ten minutes without a sign of life.
 *
 * @param path made if needed
 * @throws FolderInUseError one line that names the process, its machine and since when it has the folder
 * @throws CheckpointWriteError where the folder cannot be written
 * @throws Error in browsers, where `originPrivateStore` has locks of its own
 */
export function lockFolder(path: string): Promise<FolderLock> {
  return Promise.reject(new Error(`lockFolder: browsers have no folder ${path}`));
}
