import {
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import type { ListObjectsV2CommandOutput, S3ClientConfig } from "@aws-sdk/client-s3";
import { collectBody } from "./collect-body.ts";
import { assertObjectKey } from "./object-key.ts";
import type {
  ListOptions,
  ObjectInfo,
  ObjectStore,
  PutOptions,
  StoreCallOptions,
} from "./object-store.ts";
import { isMissingObject, isPreconditionFailure, s3Error } from "./s3-error.ts";
import type { S3Call } from "./s3-error.ts";
import { storeRefused, storeTimedOut, storeUnavailable } from "./store-error.ts";

export interface S3Settings {
  readonly bucket: string;
  /** URL of a server other than AWS; it is addressed with the bucket in the path. */
  readonly endpoint?: string;
  readonly region?: string;
  /** Without a pair the AWS default chain looks for credentials (profile, container, instance role). */
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  readonly sessionToken?: string;
  /** For one request, body included. */
  readonly requestTimeoutMs?: number;
}

/** What S3 servers assume when nobody names a region. */
const DEFAULT_REGION = "us-east-1";
/** A landed file is tens of megabytes: a minute is enough on 10 Mbit/s. */
const DEFAULT_REQUEST_TIMEOUT_MS = 60_000;
const CONNECTION_TIMEOUT_MS = 5_000;
/** S3's own limit for one DeleteObjects request. */
const MAX_KEYS_PER_DELETE = 1000;

/**
 * Opens a bucket; makes no request yet. One try per call: with-retry.ts adds more.
 *
 * Only calls that the servers we tested agree on are used: whole-object puts with a known length (streams
 * are stored wrong by some), `If-None-Match: *` (never If-Match, never a conditional multipart upload),
 * checksums only where the operation demands them unless the server is AWS.
 */
export function openS3Store(settings: S3Settings): ObjectStore {
  const { bucket, endpoint, accessKeyId, secretAccessKey, sessionToken } = settings;
  const config: S3ClientConfig = {
    region: settings.region ?? DEFAULT_REGION,
    maxAttempts: 1,
    requestHandler: { connectionTimeout: CONNECTION_TIMEOUT_MS },
  };
  if (endpoint !== undefined) {
    config.endpoint = endpoint;
    config.forcePathStyle = true;
    config.requestChecksumCalculation = "WHEN_REQUIRED";
    config.responseChecksumValidation = "WHEN_REQUIRED";
  }
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    const session = sessionToken === undefined ? {} : { sessionToken };
    config.credentials = { accessKeyId, secretAccessKey, ...session };
  }
  return new S3Store(new S3Client(config), {
    bucket,
    description: `bucket ${bucket}${endpoint === undefined ? "" : ` at ${endpoint}`}`,
    requestTimeoutMs: settings.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS,
  });
}

interface S3StoreOptions {
  readonly bucket: string;
  readonly description: string;
  readonly requestTimeoutMs: number;
}

class S3Store implements ObjectStore {
  readonly description: string;
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #requestTimeoutMs: number;

  constructor(client: S3Client, options: S3StoreOptions) {
    this.#client = client;
    this.#bucket = options.bucket;
    this.description = options.description;
    this.#requestTimeoutMs = options.requestTimeoutMs;
  }

  async put(
    key: string,
    body: Uint8Array,
    options: PutOptions = {},
  ): Promise<"created" | "exists"> {
    assertObjectKey(key);
    const ifAbsent = options.ifAbsent === true;
    const command = new PutObjectCommand({
      Bucket: this.#bucket,
      Key: key,
      Body: Buffer.from(body.buffer, body.byteOffset, body.byteLength),
      ...(ifAbsent ? { IfNoneMatch: "*" } : {}),
    });
    return await this.#request(
      { action: "put", key, ifAbsent },
      options.signal,
      async (abortSignal) => {
        try {
          await this.#client.send(command, { abortSignal });
          return "created" as const;
        } catch (error) {
          if (ifAbsent && isPreconditionFailure(error)) return "exists" as const;
          throw error;
        }
      },
    );
  }

  async get(key: string, options: StoreCallOptions = {}): Promise<Uint8Array> {
    assertObjectKey(key);
    const command = new GetObjectCommand({ Bucket: this.#bucket, Key: key });
    return await this.#request({ action: "get", key }, options.signal, async (abortSignal) => {
      const { Body: body, ContentLength: sizeBytes } = await this.#client.send(command, {
        abortSignal,
      });
      return await collectBody(body, sizeBytes);
    });
  }

  async head(key: string, options: StoreCallOptions = {}): Promise<ObjectInfo | undefined> {
    assertObjectKey(key);
    const command = new HeadObjectCommand({ Bucket: this.#bucket, Key: key });
    return await this.#request({ action: "head", key }, options.signal, async (abortSignal) => {
      try {
        const { ContentLength, LastModified } = await this.#client.send(command, { abortSignal });
        return objectInfo({ Key: key, Size: ContentLength, LastModified });
      } catch (error) {
        if (isMissingObject(error)) return undefined;
        throw error;
      }
    });
  }

  async *list(prefix: string, options: ListOptions = {}): AsyncGenerator<ObjectInfo> {
    const { startAfter, signal } = options;
    let token: string | undefined;
    do {
      const command = new ListObjectsV2Command({
        Bucket: this.#bucket,
        Prefix: prefix,
        ...(startAfter === undefined ? {} : { StartAfter: startAfter }),
        ...(token === undefined ? {} : { ContinuationToken: token }),
      });
      const page: ListObjectsV2CommandOutput = await this.#request(
        { action: "list", key: prefix },
        signal,
        async (abortSignal) => await this.#client.send(command, { abortSignal }),
      );
      for (const entry of page.Contents ?? []) yield objectInfo(entry);
      token = page.IsTruncated === true ? continuationOf(page) : undefined;
    } while (token !== undefined);
  }

  async delete(keys: readonly string[], options: StoreCallOptions = {}): Promise<void> {
    for (const key of keys) assertObjectKey(key);
    for (let from = 0; from < keys.length; from += MAX_KEYS_PER_DELETE) {
      await this.#deleteChunk(keys.slice(from, from + MAX_KEYS_PER_DELETE), options.signal);
    }
  }

  async #deleteChunk(keys: readonly string[], signal: AbortSignal | undefined): Promise<void> {
    const command = new DeleteObjectsCommand({
      Bucket: this.#bucket,
      Delete: { Objects: keys.map((key) => ({ Key: key })), Quiet: true },
    });
    const what = keys.length === 1 ? (keys[0] as string) : `${keys.length} objects`;
    await this.#request({ action: "delete", key: what }, signal, async (abortSignal) => {
      const { Errors: errors = [] } = await this.#client.send(command, { abortSignal });
      const failed = errors.find(({ Code: code }) => code !== "NoSuchKey");
      if (failed === undefined) return;
      const message = `cannot delete ${failed.Key ?? what} in ${this.description}: ${failed.Code ?? "no reason given"}`;
      throw failed.Code === "AccessDenied" ? storeRefused(message) : storeUnavailable(message);
    });
  }

  /** One request within the time limit; failures become LensErrors, the caller's abort its own reason. */
  async #request<T>(
    call: Omit<S3Call, "store">,
    signal: AbortSignal | undefined,
    send: (abortSignal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted();
    const deadline = AbortSignal.timeout(this.#requestTimeoutMs);
    try {
      return await send(signal === undefined ? deadline : AbortSignal.any([signal, deadline]));
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason;
      if (deadline.aborted) {
        const limit = `${this.#requestTimeoutMs} ms`;
        throw storeTimedOut(
          `cannot ${call.action} ${call.key} in ${this.description} within ${limit}`,
        );
      }
      throw s3Error(error, { ...call, store: this.description });
    }
  }

  async close(): Promise<void> {
    this.#client.destroy();
  }
}

/** Without it the rest of a listing would be missing in silence, and with it what the lake holds. */
function continuationOf(page: ListObjectsV2CommandOutput): string {
  const { NextContinuationToken: token } = page;
  if (token === undefined || token === "") {
    throw storeUnavailable(
      "the server cut a listing off and did not say where it goes on: check the endpoint",
    );
  }
  return token;
}

function objectInfo(entry: {
  readonly Key?: string | undefined;
  readonly Size?: number | undefined;
  readonly LastModified?: Date | undefined;
}): ObjectInfo {
  const { Key: key, Size: sizeBytes, LastModified: modifiedAt } = entry;
  if (key === undefined || sizeBytes === undefined || modifiedAt === undefined) {
    throw storeUnavailable("the server left out an object's key, size or time: check the endpoint");
  }
  return { key, sizeBytes, modifiedAt };
}
