// A program of its own: locks a folder, says how that went, and holds it until it is ended.
import { lockFolder } from '../../src/index.node.ts';

const [folder = ''] = process.argv.slice(2);
try {
  const lock = await lockFolder(folder);
  const waiting = setInterval(() => {}, 1000);
  process.on('SIGTERM', () => {
    clearInterval(waiting);
    void lock.release();
  });
  console.log('locked');
} catch (error) {
  console.log(String(error));
}
