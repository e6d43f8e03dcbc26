// A page as it was read, on its own.
import { SnapshotViewer } from "../features/snapshot/viewer.tsx";
import { spotOf, useRouter } from "../lib/router.ts";

export function SnapshotPage({ hash }: { hash: string }) {
  const query = useRouter((state) => state.query);
  const spot = spotOf(new URLSearchParams(query), hash);
  return (
    <div className="mx-auto flex min-h-0 min-w-0 w-full max-w-3xl flex-1 flex-col">
      {spot && <SnapshotViewer spot={spot} />}
    </div>
  );
}
