// A conversation, and beside it the page that a citation opened.

import { SidePanel } from "../components/side_panel.tsx";
import { Thread } from "../features/chat/thread.tsx";
import { SnapshotViewer } from "../features/snapshot/viewer.tsx";
import { useText } from "../i18n/index.ts";
import { showSpot, spotOf, useRouter } from "../lib/router.ts";

export function ChatPage({ id }: { id: string | null }) {
  const { t } = useText();
  const query = useRouter((state) => state.query);
  const spot = spotOf(new URLSearchParams(query));
  return (
    <div className="flex min-h-0 min-w-0 flex-1">
      {/* Another conversation begins with an empty field and follows its own end. */}
      <Thread key={id ?? "new"} chatId={id} />
      {spot && (
        <SidePanel label={t("snapshot.label")} onClose={() => showSpot(null)}>
          <SnapshotViewer spot={spot} onClose={() => showSpot(null)} />
        </SidePanel>
      )}
    </div>
  );
}
