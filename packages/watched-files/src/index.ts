export { FileLock } from './file-lock.js';
export { FileWatch, type WatchedFiles } from './file-watch.js';
export {
  FileProblem,
  isMissing,
  readTextFile,
  type SignificantLine,
  significantLines,
  trimmed,
} from './line-file.js';
export { readRegularFile, readRegularFileSync } from './regular-file.js';
export { replaceFileContent, UnchangedFile } from './replaced-file.js';
