import { filterLevels, type Levels } from '@humtemp/bucket-core';

const LEVELS_MAX = 201;
const TOPIC_BYTES_MAX = 65_535;

/** The levels of a filter that Mosquitto accepts in an acl_file; undefined for any other text. */
export function aclFilterLevels(filter: string): Levels | undefined {
  const levels = filterLevels(filter);
  return levels !== undefined && levels.length <= LEVELS_MAX && Buffer.byteLength(filter) <= TOPIC_BYTES_MAX
    ? levels
    : undefined;
}
