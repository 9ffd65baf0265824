#include "reference_trainer/formats/export_hf.h"

#include "reference_trainer/formats/stored_floats.h"

namespace trainer {

Notes export_hf(Cpu& cpu, const ExportJob& job, Network<Cpu>& network) {
  Notes notes;
  make_plain(cpu, job.options.weights, network, notes);
  const ModelShape& shape = network.plan.shape;
  const ExportType dtype = job.options.save_dtype;
  ExportedTensors stored;
  {
    const HostTensors host = stored_tensors(cpu, shape, network.parameters);
    for (const FloatTensorView& view : host.views)
      stored.append(view.name, dtype_of(dtype), view.shape,
                    rounded_bytes(dtype, view.name, view.values));
  }
  ModelMetadata metadata{shape, nullptr, job.source, {}, {}};
  metadata.dtype = dtype_of(dtype);
  metadata.write_more = [&](const std::filesystem::path& directory) {
    if (!notes.empty()) write_readme(directory, "A model in full precision", notes);
  };
  write_model_directory(job.output, metadata, stored.views());
  return notes;
}

}  // namespace trainer
