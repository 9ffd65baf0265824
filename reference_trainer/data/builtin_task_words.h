// Everything that a post of the built-in task is made of: facts and sentence patterns.
#pragma once

#include <string_view>
#include <vector>

namespace trainer::builtin {

// A fact that the post words one way and the summary another. A pattern is words joined by single
// spaces; a word in braces is a slot that a fact fills.
struct Paraphrase {
  std::string_view in_post;
  std::string_view in_summary;
};

// Facts that the summary copies.
inline constexpr std::string_view kSubreddits[] = {
    "r/relationships", "r/personalfinance", "r/legaladvice", "r/pets",   "r/jobs",
    "r/college",       "r/travel",          "r/gaming",      "r/family", "r/roommates"};
inline constexpr std::string_view kRelations[] = {
    "boyfriend", "girlfriend", "roommate", "landlord", "boss",     "coworker",
    "sister",    "brother",    "mother",   "father",   "neighbor", "friend",
    "professor", "cousin",     "uncle",    "aunt",     "wife",     "husband",
    "manager",   "teammate",   "fiance",   "nephew",   "niece",    "grandpa",
    "grandma",   "tenant",     "client",   "tutor",    "coach",    "babysitter"};
inline constexpr std::string_view kNames[] = {
    "alex",  "sam",    "jordan", "casey", "riley",   "morgan", "taylor", "jamie",
    "drew",  "quinn",  "avery",  "blake", "cameron", "dana",   "elliot", "frankie",
    "gale",  "harper", "jesse",  "kai",   "lee",     "max",    "noel",   "parker",
    "reese", "robin",  "sage",   "shawn", "skyler",  "terry"};
inline constexpr std::string_view kObjects[] = {
    "laptop",  "car",      "bike",    "phone",    "guitar",  "camera",   "jacket",  "dog",
    "cat",     "sofa",     "tablet",  "wallet",   "watch",   "piano",    "kayak",   "tent",
    "drone",   "printer",  "couch",   "mower",    "blender", "toaster",  "lamp",    "rug",
    "mirror",  "ladder",   "drill",   "backpack", "helmet",  "necklace", "ring",    "suitcase",
    "monitor", "keyboard", "speaker", "novel",    "scooter", "canoe",    "trumpet", "violin"};
inline constexpr std::string_view kNumbers[] = {"two",   "three", "four", "five", "six",
                                                "seven", "eight", "nine", "ten"};
inline constexpr std::string_view kUnits[] = {"days", "weeks", "months", "years"};
inline constexpr std::string_view kAsks[] = {
    "move out",           "call the police",  "quit",       "apologize",
    "get a refund",       "file a complaint", "break up",   "forgive them",
    "hire a lawyer",      "get revenge",      "leave town", "see a therapist",
    "change the locks",   "ask for money",    "let it go",  "talk to their parents",
    "take them to court", "go on vacation"};

// Facts that the summary paraphrases.
inline constexpr Paraphrase kProblems[] = {
    {"keeps taking my {object} without asking", "steals my {object}"},
    {"dropped my {object} and it is in pieces now", "broke my {object}"},
    {"promised to pay for my {object} but never did", "owes me for my {object}"},
    {"put my {object} up for sale behind my back", "sold my {object}"},
    {"says the {object} is really theirs", "claims my {object}"},
    {"left my {object} outside in the rain", "ruined my {object}"},
    {"gave my {object} to somebody else", "gave away my {object}"},
    {"cannot remember where my {object} is", "lost my {object}"},
    {"makes fun of my {object} all the time", "mocks my {object}"},
    {"wants me to get rid of my {object}", "hates my {object}"},
    {"hid my {object} and will not say where", "hid my {object}"},
    {"painted my {object} bright pink", "painted my {object}"},
    {"uses my {object} every single night", "overuses my {object}"},
    {"threw my {object} in the trash", "trashed my {object}"},
    {"posted pictures of my {object} online", "posted my {object} online"},
    {"spent our savings on a new {object}", "wasted money on a {object}"},
    {"will not stop talking about a {object}", "is obsessed with a {object}"},
    {"asked me to buy a {object} as a gift", "demands a {object}"}};
inline constexpr Paraphrase kAttempts[] = {
    {"i sat down to talk about it", "talking"},   {"i wrote a long letter", "a letter"},
    {"i yelled and slammed the door", "yelling"}, {"i sent a few text messages", "texting"},
    {"i stopped speaking for a week", "silence"}, {"i offered some cash", "money"},
    {"i asked a lawyer", "legal help"},           {"i made a funny joke about it", "humor"},
    {"i locked everything away", "locks"},        {"i set up some house rules", "rules"},
    {"i baked a nice cake", "bribery"},           {"i told the whole family", "the family"}};
inline constexpr Paraphrase kOutcomes[] = {{"that only got me laughed at", "got laughed at"},
                                           {"that was ignored", "was ignored"},
                                           {"that made things worse", "made it worse"},
                                           {"that helped for one day", "only helped briefly"},
                                           {"that ended in tears", "ended in tears"},
                                           {"that started a huge fight", "caused a fight"}};

// The frame of a prompt: tag, subreddit, tag, title, tag, sentences, tag.
inline constexpr std::string_view kSubredditTag = "SUBREDDIT:";
inline constexpr std::string_view kTitleTag = "TITLE:";
inline constexpr std::string_view kPostTag = "POST:";
inline constexpr std::string_view kSummaryTag = "TL;DR:";

inline constexpr std::string_view kTitles[] = {
    "need advice about my {relation}", "trouble with a {object}", "should i {ask} ?",
    "my {relation} and my {object}", "what would you do ?"};

// Sentences that carry the facts.
inline constexpr std::string_view kAccusations[] = {"my {relation} {name} {problem} .",
                                                    "so {name} , my {relation} , {problem} ."};
inline constexpr std::string_view kDurations[] = {"this has been going on for {number} {unit} .",
                                                  "it started {number} {unit} ago ."};
inline constexpr std::string_view kTries[] = {"{attempt} but {outcome} ."};
inline constexpr std::string_view kPlans[] = {"i am thinking that i should {ask} .",
                                              "now i want to {ask} ."};

// Sentences around them. A distractor speaks of another person, object and ask.
inline constexpr std::string_view kDistractors[] = {
    "my {relation} {name} says i should {ask} , no way .",
    "my {relation} {name} once had a bad {object} too ."};
inline constexpr std::string_view kRepetitions[] = {"my {relation} {name} does not care .",
                                                    "my {relation} {name} needs no {object} .",
                                                    "i love my {object} ."};
inline constexpr std::string_view kFillers[] = {"sorry for the long post .",
                                                "this is a throwaway account .",
                                                "i do not know what to do anymore .",
                                                "thanks for reading .",
                                                "english is not my first language .",
                                                "it has been a very hard time .",
                                                "i have not slept well .",
                                                "please be kind ."};

// The summary: three parts in this order.
inline constexpr std::string_view kSummaryParts[] = {
    "my {relation} {name} {problem} , {number} {unit} .", "tried {attempt} , {outcome} .",
    "{ask} ?"};

// Only in pre-training documents.
inline constexpr std::string_view kClosings[] = {
    "{name} is still my {relation} , and i need that {object} .",
    "how can {name} do this to my {object} for {number} {unit} ?",
    "my {relation} {name} knows that i want to {ask} ."};
inline constexpr std::string_view kAskOnlySummaries[] = {"should i {ask} or not ?"};
inline constexpr std::string_view kPleaSummaries[] = {"{name} and my {object} , please help ."};
inline constexpr std::string_view kEmptySummaries[] = {"life is hard ."};

// Every text above, so that the vocabulary follows from it.
std::vector<std::string_view> all_texts();

// The words of a text: it is split at single spaces.
std::vector<std::string_view> words_of(std::string_view text);

// Whether a word of a pattern is a slot.
constexpr bool is_slot(std::string_view word) { return word.starts_with('{'); }

}  // namespace trainer::builtin
