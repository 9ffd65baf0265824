// ROUGE of many pairs, for rouge_many.py: reads lines {"reference": ..., "prediction": ...} from
// stdin, writes a line of eight numbers each: ROUGE-1, -2, -L, -Lsum without stemming, then with.
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "reference_trainer/eval/rouge.h"

int main() {
  using trainer::Stemming;
  std::string line;
  while (std::getline(std::cin, line)) {
    const nlohmann::json pair = nlohmann::json::parse(line);
    const auto reference = pair.at("reference").get<std::string>();
    const auto prediction = pair.at("prediction").get<std::string>();
    for (const Stemming stemming : {Stemming::kNone, Stemming::kPorter}) {
      const trainer::RougeScores s = trainer::rouge(reference, prediction, stemming);
      std::printf("%.17g %.17g %.17g %.17g%c", s.rouge1, s.rouge2, s.rouge_l, s.rouge_lsum,
                  stemming == Stemming::kNone ? ' ' : '\n');
    }
  }
}
