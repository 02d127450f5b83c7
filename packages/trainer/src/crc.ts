export { crc32, crc32c } from '@umt/crc';
