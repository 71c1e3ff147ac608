import { rejections } from "./suites/rejections.js";

rejections();
