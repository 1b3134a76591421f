/** What the harness has to know about a client: data, one entry per set of packages. */
export interface Client {
  readonly name: string;
  /** What it is, for people. */
  readonly title: string;
  readonly runtime: "node" | "python" | "java" | "go";
  /** Folder of the program, or of what several programs share. */
  readonly app: string;
  readonly scenarios: readonly string[];
  /** The packages whose versions a verdict is about. */
  readonly packages: readonly string[];
  /** Folder of its packages, where that is not the one of its name. */
  readonly install?: string;
  /** Packages of this repository that it uses: installed in the form that is published. */
  readonly packs?: readonly string[];
  /** How it sends; OTLP/HTTP with protobuf where nothing is said. */
  readonly otlp?: "grpc";
  /** What its users can do about what it does not send. */
  readonly advice: string;
}
