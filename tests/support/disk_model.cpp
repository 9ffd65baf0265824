#include "tests/support/disk_model.h"

#include <random>

namespace trainer::fault {

DiskModel::DiskModel(const std::string& root, const DiskState& before,
                     const std::vector<Call>& calls)
    : root_(root) {
  now_.entries[0];
  for (const auto& [path, bytes] : before) {  // sorted: a directory comes before what is in it
    const bool directory = path.ends_with('/');
    const auto [parent, name] =
        parent_of(root + "/" + (directory ? path.substr(0, path.size() - 1) : path));
    now_.entries[parent][name] = nodes_;
    if (directory)
      now_.entries[nodes_];
    else
      now_.bytes[nodes_] = bytes;
    ++nodes_;
  }
  begin_ = now_;
  for (std::size_t i = 0; i < calls.size(); ++i) record(calls[i], i);
}

int DiskModel::find(const std::string& path) const {
  int node = 0;
  for (std::size_t at = root_.size(); at < path.size();) {
    const std::size_t end = std::min(path.find('/', at + 1), path.size());
    const auto directory = now_.entries.find(node);
    if (directory == now_.entries.end()) return -1;
    const auto entry = directory->second.find(path.substr(at + 1, end - at - 1));
    if (entry == directory->second.end()) return -1;
    node = entry->second;
    at = end;
  }
  return node;
}

std::pair<int, std::string> DiskModel::parent_of(const std::string& path) const {
  const std::size_t slash = path.rfind('/');
  return {find(path.substr(0, slash)), path.substr(slash + 1)};
}

void DiskModel::record(const Call& call, std::size_t index) {
  syncs_.push_back(call.name == "fsync" ? find(call.path) : -1);
  const auto [directory, name] = parent_of(call.path);
  const auto change = [&, &name = name](Change::Kind kind, int node, int in) {
    const std::string to = call.to.substr(call.to.rfind('/') + 1);
    changes_.push_back({kind, node, in, name, to, call.bytes, index});
    apply(changes_.back(), now_);
  };
  const int node = find(call.path);
  if ((call.name == "open" && call.creates && node < 0) || call.name == "mkdir") {
    if (call.name == "mkdir")
      now_.entries[nodes_], begin_.entries[nodes_];
    else
      now_.bytes[nodes_], begin_.bytes[nodes_];
    return change(Change::Kind::kLink, nodes_++, directory);
  }
  if (call.name == "write") return change(Change::Kind::kData, node, node);
  if (call.name == "unlink" || call.name == "rmdir")
    return change(Change::Kind::kUnlink, node, directory);
  if (call.name == "rename") return change(Change::Kind::kMove, node, directory);
  if (call.name == "exchange") return change(Change::Kind::kSwap, node, directory);
}

void DiskModel::apply(const Change& c, Tree& tree) {
  if (c.kind == Change::Kind::kData) {
    tree.bytes[c.node] += c.bytes;
    return;
  }
  std::map<std::string, int>& entries = tree.entries[c.directory];
  const auto known = entries.find(c.name);
  const bool there = known != entries.end() && known->second == c.node;
  switch (c.kind) {
    case Change::Kind::kLink:
      entries[c.name] = c.node;
      break;
    case Change::Kind::kUnlink:
      if (there) entries.erase(known);
      break;
    case Change::Kind::kMove:  // of an entry that never reached the disk: it appears where it went
      if (there) entries.erase(known);
      entries[c.to] = c.node;
      break;
    case Change::Kind::kSwap:
      if (there && entries.contains(c.to)) std::swap(entries[c.name], entries[c.to]);
      break;
    case Change::Kind::kData:
      break;
  }
}

bool DiskModel::is_durable(const Change& change, std::size_t n) const {
  for (std::size_t i = change.call; i < n; ++i) {
    if (syncs_[i] == change.directory) return true;
  }
  return false;
}

void DiskModel::list(const Tree& tree, int directory, const std::string& prefix, DiskState& state) {
  for (const auto& [name, node] : tree.entries.at(directory)) {
    if (!tree.entries.contains(node)) {
      state[prefix + name] = tree.bytes.at(node);
      continue;
    }
    state[prefix + name + "/"] = "";
    list(tree, node, prefix + name + "/", state);
  }
}

std::set<DiskState> DiskModel::states_after(std::size_t n, std::size_t most) const {
  std::vector<const Change*> made, open;
  for (const Change& change : changes_) {
    if (change.call >= n) break;
    made.push_back(&change);
    if (!is_durable(change, n)) open.push_back(&change);
  }
  const bool all = open.size() < 40 && (std::size_t{1} << open.size()) <= most;
  const std::size_t subsets = all ? std::size_t{1} << open.size() : most;
  std::mt19937_64 random(n);
  std::set<DiskState> states;
  for (std::size_t s = 0; s < subsets; ++s) {
    const std::uint64_t bits = all ? s : random();
    std::set<const Change*> missing;
    for (std::size_t i = 0; i < open.size(); ++i) {
      if ((bits >> (i % 64) & 1) == 0) missing.insert(open[i]);
    }
    Tree tree = begin_;
    for (const Change* change : made) {
      if (!missing.contains(change)) apply(*change, tree);
    }
    DiskState state;
    list(tree, 0, "", state);
    states.insert(std::move(state));
  }
  return states;
}

}  // namespace trainer::fault
