/** What the page and its worker say to each other. */
import type { Answer, Model, Reasons } from '../model.js';

/** What the page needs to know of the model. */
export interface Opened {
  readonly title: string;
  readonly model: string;
  readonly items: readonly string[];
  readonly titles: readonly string[] | null;
  /** Positions of a history that the model reads. */
  readonly length: number;
  readonly notes: readonly string[];
  readonly precision: string;
  readonly backend: string;
  readonly explains: boolean;
  /** Whether it is parameters, not states, that descend on a user's history before the prediction. */
  readonly adapts: boolean;
  /** Bytes of the model's files. */
  readonly bytes: number;
}

/** By the names of questions: what they are asked with, and their answers. */
export interface Talk {
  readonly open: readonly [given: [base: string, threads: number], answer: Opened];
  readonly search: readonly [given: Parameters<Model['search']>, answer: readonly number[]];
  readonly recommend: readonly [given: Parameters<Model['recommend']>, answer: Answer];
  readonly explain: readonly [given: Parameters<Model['explain']>, answer: Reasons];
}
export type Topic = keyof Talk;

export interface Question<T extends Topic = Topic> {
  readonly id: number;
  readonly topic: T;
  readonly given: Talk[T][0];
}
export type Reply =
  | { readonly id: number; readonly answer: Talk[Topic][1] }
  | { readonly id: number; readonly failed: string };
