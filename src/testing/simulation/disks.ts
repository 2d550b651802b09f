import { type MemorySnapshotStore, memorySnapshotStore } from '../../snapshot/index.js';

/** The disks of a run, by their names. They outlive its processes. */
export class Disks {
  readonly #disks = new Map<string, MemorySnapshotStore>();

  /** Makes it, where there is none of that name yet. */
  of(name: string): MemorySnapshotStore {
    const known = this.#disks.get(name);
    if (known !== undefined) return known;
    const disk = memorySnapshotStore();
    this.#disks.set(name, disk);
    return disk;
  }

  /** Whoever used them has died. */
  crash(): void {
    for (const disk of this.#disks.values()) disk.crash();
  }
}
