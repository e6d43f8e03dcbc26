// Files dropped anywhere on the page go to the next question.
import { useEffect, useState } from "react";
import { ClipIcon } from "../../components/icons.tsx";
import { useText } from "../../i18n/index.ts";
import { attach } from "./attachments.ts";

export function DropZone() {
  const { t } = useText();
  const [over, setOver] = useState(false);
  useEffect(() => {
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") === true;
    const onOver = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const onLeave = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(false);
    };
    const onDrop = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(false);
      attach(event.dataTransfer?.files ?? []);
    };
    addEventListener("dragover", onOver);
    addEventListener("dragleave", onLeave);
    addEventListener("drop", onDrop);
    return () => {
      removeEventListener("dragover", onOver);
      removeEventListener("dragleave", onLeave);
      removeEventListener("drop", onDrop);
    };
  }, []);
  if (!over) return null;
  return (
    <div className="pointer-events-none fixed inset-3 z-40 flex items-center justify-center rounded-2xl border-2 border-dashed border-river bg-river-soft">
      <p className="flex items-center gap-2 font-medium text-river">
        <ClipIcon />
        {t("files.drop")}
      </p>
    </div>
  );
}
