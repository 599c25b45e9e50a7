import { DamagedFileError } from '../files/disk-error.js';
import { Cursor } from '../tables/cursor.js';
import { SECTION } from '../tables/table-format.js';
import type { LabBuckets } from './lab-buckets.js';

/** Reads the heads of all labs, and looks whether all names can be read: without them nothing can be right. */
export function loadHeads({ tables, heads }: LabBuckets): void {
  for (const table of tables.tables) {
    for (const section of table.find(SECTION.heads)) {
      const cursor = new Cursor(table, section, false);
      cursor.seek(0);
      for (; !cursor.isAtEnd; cursor.next()) {
        if (cursor.damagedTo !== undefined) throw damaged(cursor);
        const { value, hash } = cursor;
        heads.put(hash, value.readUInt32LE(12), value.readDoubleLE(0), value.readUInt32LE(8));
      }
    }
    for (const section of table.find(SECTION.names))
      for (let i = 0; i < section.offsets.length; i++)
        if (table.block(section, i, false) === undefined)
          throw new DamagedFileError(
            table.file.path,
            `the checksum of the block at byte ${section.offsets[i]} is wrong`,
          );
  }
}

function damaged({ table, place }: Cursor): DamagedFileError {
  return new DamagedFileError(table.file.path, `${place}: the checksum is wrong`);
}
