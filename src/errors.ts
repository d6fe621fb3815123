// SPDX-License-Identifier: Apache-2.0

/** Exit codes of every command but `run`, `exec` and `start -a`, where each failure of ours is 125. */
export const ExitCode = { ok: 0, findings: 1, usage: 2, host: 3, internal: 4, container: 125 } as const;

export type UsageCode = 'USAGE' | 'UNKNOWN_FLAG' | 'MISSING_ARGUMENT' | 'INVALID_VALUE' | 'CONFIG_INVALID';
export type ImageCode =
  | 'IMAGE_NOT_FOUND'
  | 'IMAGE_IN_USE'
  | 'REFERENCE_INVALID'
  | 'DIGEST_MISMATCH'
  | 'LAYOUT_INVALID'
  | 'CONFIG_CORRUPT'
  | 'ARCHIVE_INVALID'
  | 'ARCHIVE_TRUNCATED'
  | 'PATH_ESCAPE'
  | 'LIMIT_EXCEEDED'
  | 'MEDIA_TYPE_UNSUPPORTED'
  | 'PLATFORM_MISSING'
  | 'REFERENCE_TAKEN'
  | 'IMAGE_UNTRUSTED'
  | 'BUILD_FAILED'
  | 'RECIPE_INVALID'
  | 'RECIPE_UNREADABLE'
  | 'NO_SPACE'
  | 'STORE_CORRUPT'
  | 'STORE_BUSY'
  | 'STORE_FOREIGN'
  | 'ID_UNMAPPED'
  | 'KEY_INVALID'
  | 'SIGNATURE_INVALID'
  | 'SIGNATURE_MISSING'
  | 'TRUST_MISSING'
  | 'TRUST_EXPIRED'
  | 'TRUST_INVALID'
  | 'TRUST_UNREACHABLE';
export type PolicyCode =
  | 'PROFILE_UNKNOWN'
  | 'POLICY_UNREADABLE'
  | 'POLICY_SYNTAX'
  | 'POLICY_UNKNOWN_KEY'
  | 'POLICY_INVALID'
  | 'POLICY_CYCLE'
  | 'POLICY_DENIED'
  | 'POLICY_MISSING'
  | 'POLICY_UNTRUSTED'
  | 'CEILING_EXCEEDED';
export type RunCode =
  | 'CONTROL_UNAVAILABLE'
  | 'USER_INVALID'
  | 'USER_NOT_FOUND'
  | 'MOUNT_REFUSED'
  | 'NO_COMMAND'
  | 'NOT_ROOT'
  | 'NAME_TAKEN'
  | 'NO_SUCH_CONTAINER'
  | 'AMBIGUOUS_ID'
  | 'CONTAINER_RUNNING'
  | 'CONTAINER_NOT_RUNNING'
  | 'RUNTIME_MISSING'
  | 'RUNTIME_FAILED'
  | 'PRIVILEGED_REFUSED';
export type RegistryCode =
  | 'BLOB_UNKNOWN'
  | 'MANIFEST_UNKNOWN'
  | 'REGISTRY_AUTH'
  | 'REGISTRY_DENIED'
  | 'REGISTRY_PROTOCOL'
  | 'REGISTRY_RATE_LIMITED'
  | 'REGISTRY_UNREACHABLE';
/** A file that was to be audited cannot be; a report cannot be written where it was asked for, a repair not where it is needed. */
export type AuditCode =
  | 'REPORT_INVALID'
  | 'WAIVERS_INVALID'
  | 'HISTORY_INVALID'
  | 'AUDIT_UNREADABLE'
  | 'DOCKERFILE_INVALID'
  | 'MANIFEST_INVALID'
  | 'OUTPUT_REFUSED'
  | 'FIX_REFUSED'
  | 'FIX_CHANGED';
/** The configuration of another engine, and what `system install` writes into it. */
export type EngineCode = 'ENGINE_CONFLICT' | 'ENGINE_UNTRUSTED' | 'ENGINE_CHANGED';
export type HostCode = 'HOST_FEATURE_MISSING' | 'TOOL_MISSING' | 'SUBIDS_MISSING';
/** Codes that native code reports are passed through unchanged (`NativeCode`). */
export type NativeCode = string & { readonly __native?: never };
export type ErrorCode =
  | UsageCode
  | ImageCode
  | RegistryCode
  | PolicyCode
  | RunCode
  | HostCode
  | EngineCode
  | AuditCode
  | 'INTERNAL'
  | NativeCode;

export interface ErrorPosition {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

/** The one error class. `message` says what and where, `hint` the next step. Rendered by `src/cli.ts` without a stack. */
export class SecureError extends Error {
  override readonly name = 'SecureError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly exitCode: number;
  readonly position: ErrorPosition | undefined;
  constructor(
    code: ErrorCode,
    message: string,
    options: { hint?: string; exitCode?: number; cause?: unknown; position?: ErrorPosition } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.exitCode = options.exitCode ?? ExitCode.usage;
    this.position = options.position;
  }
}
