import { IConstruct } from 'constructs';

/** What is made once for each app. Files do not change during one synthesis. In a test's process, they may change between two apps. */
export class PerApp<T> {
  private readonly made = new WeakMap<IConstruct, Map<string, T>>();

  /** What `make` has made for the app and the key. */
  public get(app: IConstruct, key: string, make: () => T): T {
    const ofApp = this.made.get(app) ?? new Map<string, T>();
    this.made.set(app, ofApp);
    const value = ofApp.get(key) ?? make();
    ofApp.set(key, value);
    return value;
  }
}
