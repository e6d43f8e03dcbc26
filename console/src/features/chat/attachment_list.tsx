// The files of the next question, each with what it is doing and a way to take it back.

import { IconButton } from "../../components/button.tsx";
import { explain } from "../../components/failure.tsx";
import { CrossIcon, FileIcon, WarnIcon } from "../../components/icons.tsx";
import { useText } from "../../i18n/index.ts";
import { type Attachment, detach, useAttachments } from "./attachments.ts";

export function AttachmentList() {
  const { t } = useText();
  const files = useAttachments((state) => state.files);
  if (files.length === 0) return null;
  return (
    <ul aria-label={t("files.label")} className="flex flex-wrap gap-2 px-3 pt-3">
      {files.map((file) => (
        <OneFile key={file.key} file={file} />
      ))}
    </ul>
  );
}

function OneFile({ file }: { file: Attachment }) {
  const text = useText();
  const { t, format } = text;
  const failed = file.state === "failed" || file.state === "too_large";
  const state = {
    sending: () => t("files.sending", { size: format.bytes(file.bytes) }),
    ready: () => t("files.ready", { count: format.number(file.characters) }),
    too_large: () => t("files.tooLarge", { size: format.bytes(file.bytes) }),
    failed: () => explain(file.error, text).why,
  }[file.state]();
  return (
    <li
      className={`flex max-w-full items-center gap-2 rounded-lg py-1 pr-1 pl-2.5 text-xs ${failed ? "bg-bad-soft" : "bg-sunken"}`}
    >
      <span className={failed ? "text-bad" : "text-ink-faint"}>{failed ? <WarnIcon /> : <FileIcon />}</span>
      <span className="min-w-0">
        <span className="block max-w-56 truncate font-medium">{file.name}</span>
        <span role="status" className="block text-2xs text-ink-soft">
          {state}
        </span>
      </span>
      <IconButton label={t("files.remove", { name: file.name })} onClick={() => detach(file.key)}>
        <CrossIcon />
      </IconButton>
    </li>
  );
}
