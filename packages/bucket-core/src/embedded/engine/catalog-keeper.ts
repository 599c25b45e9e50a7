import { type CatalogContent, catalogPath, writeCatalog } from '../catalog.js';
import { type FileIdentity, removeUnneeded } from '../files/files.js';

/** The catalog while a store is open: one change after the other, each on the disk before it holds. */
export class CatalogKeeper {
  #content: CatalogContent;
  #identity: FileIdentity | undefined;
  #isOnDisk: boolean;
  #nextFile: number;
  #changing: Promise<unknown> = Promise.resolve();
  #unneeded: string[] = [];

  /** @param identity undefined: it is not on the disk yet */
  constructor(
    readonly folder: string,
    content: CatalogContent,
    identity: FileIdentity | undefined,
  ) {
    this.#content = content;
    this.#identity = identity;
    this.#isOnDisk = identity !== undefined;
    this.#nextFile = content.nextFile;
  }

  /** As it is on the disk for certain. */
  get content(): CatalogContent {
    return this.#content;
  }

  get path(): string {
    return catalogPath(this.folder);
  }

  /** Undefined: nobody knows which one is on the disk. */
  get identity(): FileIdentity | undefined {
    return this.#identity;
  }

  /** Whether the folder has one. */
  get isOnDisk(): boolean {
    return this.#isOnDisk;
  }

  /** A number that no file had before. */
  takeNumber(): number {
    this.#nextFile += 1;
    return this.#nextFile - 1;
  }

  /** A file that the catalog on the disk may list: it is removed when that does not do so for certain. */
  discard(...paths: string[]): void {
    this.#unneeded.push(...paths);
  }

  /** @throws DiskError, and then nobody knows which one is on the disk: nothing may be done that one of them forbids. */
  change(changed: (content: CatalogContent) => CatalogContent): Promise<void> {
    const done = this.#changing.then(() => this.#change(changed));
    this.#changing = done.catch(() => {});
    return done;
  }

  async #change(changed: (content: CatalogContent) => CatalogContent): Promise<void> {
    const content = { ...changed(this.#content), nextFile: this.#nextFile };
    const unneeded = this.#unneeded;
    this.#identity = undefined;
    this.#identity = await writeCatalog(this.folder, content);
    this.#content = content;
    this.#isOnDisk = true;
    this.#unneeded = this.#unneeded.slice(unneeded.length);
    for (const path of unneeded) await removeUnneeded(path);
  }
}
