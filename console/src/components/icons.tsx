// The signs of the console, drawn on a 16-unit grid in the colour of the text beside them. Decoration only: the word
// that a sign stands for is always there for a reader who does not see it.
import type { ReactNode } from "react";

function Icon({ children }: { children: ReactNode }) {
  return (
    <svg
      viewBox="0 0 16 16"
      width="16"
      height="16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
      className="shrink-0"
    >
      {children}
    </svg>
  );
}

export const PulseIcon = () => (
  <Icon>
    <path d="M1.5 8h3l2-4.5 3 9 2-4.5h3" />
  </Icon>
);

export const BookIcon = () => (
  <Icon>
    <path d="M8 4C6.5 2.9 4.5 2.5 2 2.5v9.75c2.5 0 4.5.4 6 1.5 1.5-1.1 3.5-1.5 6-1.5V2.5c-2.5 0-4.5.4-6 1.5Zm0 0v9.75" />
  </Icon>
);

export const ShareIcon = () => (
  <Icon>
    <path d="M8 9.75v-7.5M5 4.75l3-2.75 3 2.75M3.5 8.25v5h9v-5" />
  </Icon>
);

export const SunIcon = () => (
  <Icon>
    <circle cx="8" cy="8" r="2.75" />
    <path d="M8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M12.6 3.4l-.7.7M4.1 11.9l-.7.7" />
  </Icon>
);

export const MoonIcon = () => (
  <Icon>
    <path d="M13.5 9.6A5.75 5.75 0 0 1 6.4 2.5a5.75 5.75 0 1 0 7.1 7.1Z" />
  </Icon>
);

export const ScreenIcon = () => (
  <Icon>
    <rect x="1.75" y="2.5" width="12.5" height="8.5" rx="1.5" />
    <path d="M5.5 13.75h5" />
  </Icon>
);

export const CheckIcon = () => (
  <Icon>
    <path d="m3.5 8.5 3 3 6-7" />
  </Icon>
);

export const WarnIcon = () => (
  <Icon>
    <path d="M8 2.25 14.25 13H1.75L8 2.25ZM8 6.5v3M8 11.25v.01" />
  </Icon>
);

export const CrossIcon = () => (
  <Icon>
    <path d="m4 4 8 8M12 4l-8 8" />
  </Icon>
);

export const CopyIcon = () => (
  <Icon>
    <rect x="5.5" y="5.5" width="8" height="8" rx="1.5" />
    <path d="M10.5 5.5V4A1.5 1.5 0 0 0 9 2.5H4A1.5 1.5 0 0 0 2.5 4v5A1.5 1.5 0 0 0 4 10.5h1.5" />
  </Icon>
);

export const SearchIcon = () => (
  <Icon>
    <circle cx="7" cy="7" r="4.25" />
    <path d="m10.25 10.25 3.5 3.5" />
  </Icon>
);

function stroke(path: string) {
  return (
    <Icon>
      <path d={path} />
    </Icon>
  );
}

export const PlusIcon = () => stroke("M8 3v10M3 8h10");
export const SendIcon = () => stroke("M8 13V3.5M3.75 7.5 8 3.25l4.25 4.25");
export const GlobeIcon = () =>
  stroke(
    "M8 1.75a6.25 6.25 0 1 0 0 12.5 6.25 6.25 0 0 0 0-12.5ZM1.9 8h12.2M8 1.75c-2 1.7-2.75 3.8-2.75 6.25S6 12.55 8 14.25c2-1.7 2.75-3.8 2.75-6.25S10 3.45 8 1.75",
  );
export const ThinkIcon = () =>
  stroke(
    "M5.5 11.5h5M6 14h4M8 1.75a4.5 4.5 0 0 0-2.6 8.2c.4.3.6.7.6 1.2v.35h4v-.35c0-.5.2-.9.6-1.2A4.5 4.5 0 0 0 8 1.75Z",
  );
export const ClipIcon = () =>
  stroke(
    "m13 7.5-5.1 5.1a3.2 3.2 0 0 1-4.5-4.5l5.6-5.6a2.1 2.1 0 0 1 3 3l-5.5 5.5a1 1 0 0 1-1.5-1.4l4.7-4.8",
  );
export const ChevronDownIcon = () => stroke("m4 6 4 4 4-4");
export const ChevronLeftIcon = () => stroke("m10 4-4 4 4 4");
export const ChevronRightIcon = () => stroke("m6 4 4 4-4 4");
export const PencilIcon = () => stroke("M10.75 2.75 13.25 5.25 5.5 13 2.5 13.5 3 10.5l7.75-7.75Z");
export const AgainIcon = () => stroke("M13.25 8A5.25 5.25 0 1 1 11.7 4.3L13.25 5.8M13.25 2.5v3.3h-3.3");
export const TrashIcon = () =>
  stroke("M2.75 4.25h10.5M6 4.25V2.5h4v1.75M4 4.25l.6 9.25h6.8l.6-9.25M6.75 7v4M9.25 7v4");
export const PinIcon = () =>
  stroke("M8 10v4.25M4.5 10h7c0-1.6-.8-2.4-1.75-3L10 3.5l.9-1.25H5.1L6 3.5l.25 3.5C5.3 7.6 4.5 8.4 4.5 10Z");
export const FolderIcon = () => stroke("M1.75 12.5v-9h4.5L8 5.25h6.25v7.25H1.75Z");
export const ArchiveIcon = () => stroke("M1.75 2.75h12.5v3H1.75v-3ZM2.75 5.75v7.5h10.5v-7.5M6.25 8.5h3.5");
export const DownloadIcon = () => stroke("M8 2v8M4.5 7 8 10.5 11.5 7M2.5 13.5h11");
export const DotsIcon = () => stroke("M3.25 8v.01M8 8v.01M12.75 8v.01");
export const MenuIcon = () => stroke("M2 4h12M2 8h12M2 12h12");
export const KeyIcon = () =>
  stroke("M9.75 1.9a4.3 4.3 0 1 0 1.1 7.4L12 8.1M9.9 6.1v.01M6.2 8.7 1.75 13.2v1.05H4.5V12.5h1.75V11l1-1");
export const CubeIcon = () =>
  stroke("M8 1.5 13.75 4.6v6.8L8 14.5l-5.75-3.1V4.6L8 1.5ZM2.25 4.6 8 7.8l5.75-3.2M8 7.8v6.7");
export const SlidersIcon = () =>
  stroke(
    "M2 4.5h6.5M12 4.5h2M2 11.5h2M7.5 11.5H14M10.25 2.75a1.75 1.75 0 1 0 0 3.5 1.75 1.75 0 0 0 0-3.5ZM5.75 9.75a1.75 1.75 0 1 0 0 3.5 1.75 1.75 0 0 0 0-3.5Z",
  );
export const ListIcon = () => stroke("M5.5 4h8.5M5.5 8h8.5M5.5 12h8.5M2.25 4v.01M2.25 8v.01M2.25 12v.01");
export const OutIcon = () => stroke("M6.5 3H3v10h10V9.5M9 2.5h4.5V7M13.5 2.5 7.5 8.5");
export const FileIcon = () => stroke("M9.25 1.75H3.75v12.5h8.5V4.75l-3-3ZM9.25 1.75v3h3M6 8h4M6 11h4");
export const ArrowDownIcon = () => stroke("M8 3v9.5M3.75 8.5 8 12.75l4.25-4.25");
export const WrapIcon = () =>
  stroke("M2 3.5h12M2 8h9.5a2.25 2.25 0 0 1 0 4.5H8M9.75 10.5l-2 2 2 2M2 12.5h2.5");
export const ChatIcon = () => stroke("M2 3h12v8.25H7.25L4 14v-2.75H2V3Z");
export const BranchIcon = () =>
  stroke(
    "M4.5 5v6M4.5 5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3ZM4.5 14a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3ZM11.5 6a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3ZM11.5 6c0 3-7 1.5-7 5",
  );
export const PlanIcon = () => stroke("M2.5 4.5 4 6l2.5-3M2.5 11 4 12.5 6.5 9.5M9 4.5h5M9 11h5");
export const RankIcon = () => stroke("M2.5 13V9M6.25 13V6M10 13V3.5M13.5 13V7.5");
export const ShieldIcon = () =>
  stroke(
    "M8 1.75 13.25 3.5v4.25c0 3-2.2 5.3-5.25 6.5-3.05-1.2-5.25-3.5-5.25-6.5V3.5L8 1.75ZM5.75 8 7.5 9.75 10.5 6.5",
  );
export const HalfIcon = () =>
  stroke("M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11ZM8 2.5v11M9.5 5h2.6M9.5 8h4M9.5 11h2.6");
export const QuoteIcon = () =>
  stroke(
    "M6.5 4C4 4.75 2.75 6.5 2.75 9.25v2.5H6.5V8H4.75M13.25 4c-2.5.75-3.75 2.5-3.75 5.25v2.5h3.75V8H11.5",
  );

export const StopIcon = () => (
  <Icon>
    <rect x="4" y="4" width="8" height="8" rx="1.5" fill="currentColor" />
  </Icon>
);

/** The river parting around its island. */
export function Mark() {
  return (
    <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false" className="shrink-0">
      <rect width="32" height="32" rx="8" className="fill-river" />
      <g fill="none" className="stroke-on-river" strokeWidth="2.25" strokeLinecap="round">
        <path d="M4.5 13.5c4.5 0 5.5-5 11.5-5s7 5 11.5 5" />
        <path d="M4.5 18.5c4.5 0 5.5 5 11.5 5s7-5 11.5-5" />
      </g>
      <ellipse cx="16" cy="16" rx="5" ry="2.4" className="fill-on-river" />
    </svg>
  );
}

export const CodeIcon = () => (
  <Icon>
    <path d="M5 4.5 1.5 8 5 11.5M11 4.5 14.5 8 11 11.5M9.25 3l-2.5 10" />
  </Icon>
);
