// Why a call failed, in the words of the network; features turn it into sentences of the catalogue.

export type Failure =
  | "unreachable" // no answer at all: the server is not running, or the network is gone
  | "timeout" // no complete answer within the deadline
  | "unauthorized" // 401: this browser holds no session
  | "missing" // 404: there is no such thing (any more)
  | "broken" // a stream that ended before its last event
  | "failed" // the server began, and says why it could not finish
  | "refused" // any other status that is not 2xx
  | "malformed"; // an answer that is not what the contract says

export class ApiError extends Error {
  readonly failure: Failure;
  /** The id under which the server logged the call; ours when it never answered. */
  readonly requestId: string;
  readonly status: number | undefined;

  constructor(failure: Failure, requestId: string, detail: string, status?: number) {
    super(detail);
    this.name = "ApiError";
    this.failure = failure;
    this.requestId = requestId;
    this.status = status;
  }
}

/** Thrown by the decoders of src/api with the path of the field that broke the contract. */
export class ContractError extends Error {
  override name = "ContractError";
}
