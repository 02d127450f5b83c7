import { checkStudentConfig, type StudentConfig } from '@umt/vit';

/** The key of a safetensors file's metadata that holds a student's configuration. */
const KEY = 'umt.student';

/** A student's configuration as metadata of its file: what names and shapes of weights do not tell. */
export function studentMetadata(config: StudentConfig): Readonly<Record<string, string>> {
  return { [KEY]: JSON.stringify(config) };
}

/**
 * The configuration in a file's metadata; null where there is none, as in the files of other programs.
 *
 * @param name what a message calls the file
 * @throws RangeError where there is one that makes no student
 */
export function readStudentConfig(metadata: Readonly<Record<string, string>>, name: string): StudentConfig | null {
  const text = metadata[KEY];
  if (text === undefined) return null;
  try {
    const config: StudentConfig = JSON.parse(text);
    checkStudentConfig(config);
    return config;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RangeError(`${name}: its ${KEY} makes no student: ${reason}`, { cause });
  }
}
