// What a link to a conversation shows, and beside it the page that a citation opened.
import { SidePanel } from "../components/side_panel.tsx";
import { SharedView } from "../features/shared/shared_view.tsx";
import { SnapshotViewer } from "../features/snapshot/viewer.tsx";
import { useText } from "../i18n/index.ts";
import { showSpot, spotOf, useRouter } from "../lib/router.ts";

export function SharedPage({ id }: { id: string }) {
  const { t } = useText();
  const query = useRouter((state) => state.query);
  const spot = spotOf(new URLSearchParams(query));
  return (
    <>
      <SharedView id={id} />
      {spot && (
        <div className="over-page">
          <SidePanel label={t("snapshot.label")} onClose={() => showSpot(null)}>
            <SnapshotViewer spot={spot} share={id} onClose={() => showSpot(null)} />
          </SidePanel>
        </div>
      )}
    </>
  );
}
